#include "envelope.hpp"

#include <charconv>

#include "protocol/endpoints.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"
#include "protocol/methods.hpp"

namespace krakken::client {

std::string request_head(std::uint64_t id, std::string_view method) {
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + ",\"method\":" + protocol::quote(method) +
           ",\"params\":";
}

std::optional<Failure> refuse_params(std::string_view method, std::string_view params) {
    const auto checked = protocol::check_json(params, protocol::max_request_depth - 1);
    if (!checked || protocol::kind_of(*checked) != protocol::JsonKind::object)
        return make_failure(
            FailureKind::unsent, "the parameters are not one JSON object; nothing was sent", "correct them"
        );
    // Room for the head with the largest id.
    if (params.size() + method.size() + 128 > protocol::max_request_bytes)
        return make_failure(
            FailureKind::unsent, "the request is longer than 256 KiB; nothing was sent", "send less at once"
        );
    return std::nullopt;
}

std::optional<Reply> read_reply(std::string_view line) {
    // The envelope is one level more than the reply that it carries.
    const auto members = protocol::split_object(line, protocol::max_reply_depth + 2);
    if (!members) return std::nullopt;
    const auto* id = protocol::find(*members, "id");
    const auto* result = protocol::find(*members, "result");
    const auto* error = protocol::find(*members, "error");
    if (!id || (result == nullptr) == (error == nullptr)) return std::nullopt;

    std::optional<std::uint64_t> number;
    if (id->value != "null") {
        std::uint64_t value = 0;
        const char* const end = id->value.data() + id->value.size();
        const auto read = std::from_chars(id->value.data(), end, value);
        if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
        number = value;
    }
    if (error) return Reply{number, std::unexpected(read_failure(error->value))};
    return Reply{number, result->value};
}

bool acts(std::string_view method, std::string_view params) {
    if (method == "call") {
        const auto members = protocol::split_object(params, protocol::max_request_depth);
        const auto* name = members ? protocol::find(*members, "endpoint") : nullptr;
        if (!name || protocol::kind_of(name->value) != protocol::JsonKind::string) return true;
        const auto* endpoint = protocol::find_endpoint(protocol::decode_string(name->value));
        return !endpoint || endpoint->effect != protocol::Effect::read;
    }
    const auto* known = protocol::find_method(method);
    return !known || known->served == protocol::Served::on_admin;
}

Failure unanswered(FailureKind kind, std::string message, bool acting) {
    if (!acting)
        return make_failure(
            kind, std::move(message) + "; it only reads, so nothing has changed", "try it again"
        );
    return make_failure(
        kind,
        std::move(message) + "; whether it was done is not known",
        "do not repeat it before you have looked it up",
        protocol::Executed::unknown
    );
}

}  // namespace krakken::client
