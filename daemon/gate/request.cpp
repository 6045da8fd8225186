#include "gate/request.hpp"

#include "base/log.hpp"

#include <sodium.h>

#include <fmt/format.h>
#include <algorithm>
#include <cstdint>

namespace krakken::gate {

using protocol::ErrorCode;
using protocol::JsonFault;
using protocol::JsonKind;
using protocol::JsonMember;
using protocol::make_error;

namespace {

constexpr const char* not_a_request = "a request must be an object that names no member twice";

std::unexpected<Refusal> refuse(std::string id, ErrorCode code, std::string message) {
    return std::unexpected(Refusal{std::move(id), make_error(code, std::move(message))});
}

// The id to echo: empty for a notification; an error when there is one that is none.
std::expected<std::string, Refusal> read_id(const std::vector<JsonMember>& members) {
    const JsonMember* id = protocol::find(members, "id");
    if (!id) return "";
    const JsonKind kind = protocol::kind_of(id->value);
    if (kind == JsonKind::string || kind == JsonKind::number || kind == JsonKind::null)
        return std::string(id->value);
    return refuse("null", ErrorCode::invalid_request, "id must be a string, a number or null");
}

ReadRequest read_method(std::string id, const std::vector<JsonMember>& members, protocol::SocketKind socket) {
    const JsonMember* name = protocol::find(members, "method");
    if (!name || protocol::kind_of(name->value) != JsonKind::string) {
        return refuse(
            id.empty() ? "null" : id, ErrorCode::invalid_request, "a request needs a method, a string"
        );
    }
    const protocol::Method* method = protocol::find_method(protocol::decode_string(name->value));
    if (!method) return refuse(std::move(id), ErrorCode::unknown_method, "there is no such method");
    if (!protocol::is_served(*method, socket)) {
        const bool wants_admin = socket == protocol::SocketKind::client;
        Refusal refusal{
            std::move(id),
            make_error(
                ErrorCode::unknown_method, fmt::format("{} is not served on this socket", method->name)
            )
        };
        refusal.error.remedy =
            wants_admin ? "use the admin socket, admin.sock" : "use the client socket, krakkend.sock";
        return std::unexpected(std::move(refusal));
    }
    const JsonMember* params = protocol::find(members, "params");
    auto arguments = Arguments::parse(params ? params->value : std::string_view(), *method);
    if (!arguments) return std::unexpected(Refusal{std::move(id), std::move(arguments.error())});
    return Request{std::move(id), method, std::move(*arguments)};
}

ReadRequest read_members(const std::vector<JsonMember>& members, protocol::SocketKind socket) {
    auto id = read_id(members);
    if (!id) return std::unexpected(std::move(id.error()));
    const JsonMember* version = protocol::find(members, "jsonrpc");
    if (!version || version->value != R"("2.0")") {
        return refuse(id->empty() ? "null" : *id, ErrorCode::invalid_request, "jsonrpc must be \"2.0\"");
    }
    return read_method(std::move(*id), members, socket);
}

ReadRequest read_request(std::string_view text, protocol::SocketKind socket) {
    const auto members = protocol::split_object(text, protocol::max_request_depth);
    if (members) return read_members(*members, socket);
    return refuse("null", ErrorCode::invalid_request, not_a_request);
}

Line refused_line(ErrorCode code, std::string message, bool close) {
    Line line;
    line.close = close;
    line.requests.push_back(refuse("null", code, std::move(message)));
    return line;
}

// Says what is wrong with a line that is neither object nor array.
Line refuse_text(std::string_view text) {
    const auto json = protocol::check_json(text, protocol::max_request_depth);
    if (json) return refused_line(ErrorCode::invalid_request, not_a_request, false);
    if (json.error() == JsonFault::too_deep) {
        return refused_line(
            ErrorCode::parse_error, fmt::format("nested deeper than {}", protocol::max_request_depth), false
        );
    }
    if (!protocol::is_utf8(text))
        return refused_line(ErrorCode::parse_error, "not UTF-8; the connection is closed", true);
    return refused_line(ErrorCode::parse_error, "not JSON", false);
}

}  // namespace

Line read_line(std::string_view text, protocol::SocketKind socket) {
    Line line;
    // The buffer has room for CR LF; a line that ends in LF alone must not use it for one byte more.
    if (text.size() > protocol::max_request_bytes) {
        line.close = true;
        line.requests.push_back(std::unexpected(line_too_long()));
        return line;
    }
    if (const auto items = protocol::split_array(text, protocol::max_request_depth)) {
        if (items->empty()) return refused_line(ErrorCode::invalid_request, "an empty batch", false);
        if (items->size() > protocol::max_batch) {
            return refused_line(
                ErrorCode::invalid_request,
                fmt::format("a batch holds at most {} requests", protocol::max_batch),
                false
            );
        }
        line.batch = true;
        for (const std::string_view item : *items)
            line.requests.push_back(read_request(item, socket));
        return line;
    }
    if (const auto members = protocol::split_object(text, protocol::max_request_depth)) {
        line.requests.push_back(read_members(*members, socket));
        return line;
    }
    return refuse_text(text);
}

Refusal line_too_long() {
    return {
        "null",
        make_error(
            ErrorCode::parse_error,
            fmt::format(
                "a request is longer than {} bytes; the connection is closed", protocol::max_request_bytes
            )
        )
    };
}

std::string reply_text(std::string_view id, const protocol::Result<std::string>& outcome) {
    std::string text;
    if (outcome) text.reserve(outcome->size() + id.size() + 64);  // once: growth would leave a copy behind
    text += R"({"jsonrpc":"2.0","id":)";
    text += id;
    if (outcome) {
        text += R"(,"result":)";
        text += *outcome;
    } else {
        text += R"(,"error":)";
        text += protocol::to_json(outcome.error());
    }
    text += '}';
    return text;
}

std::string next_call_id() {
    static const std::uint32_t run = randombytes_random();
    static std::uint64_t count = 0;
    return fmt::format("{:08x}-{}", run, ++count);
}

namespace {

std::string too_long_text(const Reply& reply) {
    base::log(
        base::LogLevel::warn,
        "reply.too_long",
        {{"call_id", reply.call_id}, {"bytes", reply.text.size()}, {"most", protocol::max_reply_bytes}}
    );
    protocol::Error error = make_error(
        ErrorCode::network,
        fmt::format("the result does not fit into a reply of {} bytes", protocol::max_reply_bytes)
    );
    error.remedy = "ask for less at once, and not in a batch";
    error.call_id = reply.call_id;
    return reply_text(reply.id, std::unexpected(std::move(error)));
}

}  // namespace

std::string reply_line(bool batch, std::vector<Reply> replies, std::size_t most) {
    std::erase_if(replies, [](const Reply& reply) { return reply.text.empty(); });
    if (replies.empty()) return "";
    std::size_t size = 1;  // brackets, and a comma between any two
    for (const Reply& reply : replies)
        size += reply.text.size() + 1;
    while (size > most) {
        auto& longest =
            *std::ranges::max_element(replies, {}, [](const Reply& reply) { return reply.text.size(); });
        std::string instead = too_long_text(longest);
        if (instead.size() >= longest.text.size()) break;  // they are all short
        size -= longest.text.size() - instead.size();
        longest.text = std::move(instead);
    }
    if (!batch) return std::move(replies.front().text);
    std::string line;
    line.reserve(size);
    for (const Reply& reply : replies) {
        line += line.empty() ? '[' : ',';
        line += reply.text;
    }
    return line += ']';
}

}  // namespace krakken::gate
