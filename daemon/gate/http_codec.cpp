#include "http_codec.hpp"

#include "protocol/limits.hpp"

#include <sodium.h>

#include <fmt/format.h>
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

namespace krakken::gate {

namespace {

namespace http = boost::beast::http;

// Libraries send a few hundred bytes; a signed call's key and signature are 150 of them.
constexpr std::size_t max_header_bytes = 16 * 1024;

bool same_name(std::string_view one, std::string_view other) {
    return boost::beast::iequals({one.data(), one.size()}, {other.data(), other.size()});
}

}  // namespace

HttpRequest::~HttpRequest() {
    sodium_memzero(body.data(), body.size());
    for (auto& [name, value] : headers)
        sodium_memzero(value.data(), value.size());
}

std::string_view HttpRequest::path() const {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
    const std::size_t mark = target.find('?');
    return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
    const auto is_named = [name](const auto& header) { return same_name(header.first, name); };
    if (std::ranges::count_if(headers, is_named) != 1) return std::nullopt;
    return std::ranges::find_if(headers, is_named)->second;
}

bool HttpRequest::has_header(std::string_view name) const {
    return std::ranges::any_of(headers, [name](const auto& header) { return same_name(header.first, name); });
}

std::string write_reply(HttpReply reply, bool keep_alive, bool without_body) {
    const auto reason = http::obsolete_reason(http::int_to_status(reply.status));
    std::string bytes =
        fmt::format("HTTP/1.1 {} {}\r\n", reply.status, std::string_view(reason.data(), reason.size()));
    if (!reply.body.empty()) bytes += fmt::format("Content-Type: {}\r\n", reply.content_type);
    if (reply.status != 204) bytes += fmt::format("Content-Length: {}\r\n", reply.body.size());
    for (const auto& [name, value] : reply.headers)
        bytes += fmt::format("{}: {}\r\n", name, value);
    bytes += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    if (!without_body) bytes += reply.body;
    return bytes;
}

HttpReply text_reply(unsigned status, std::string text) {
    return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(text) + "\n"};
}

struct RequestAssembler::Core {
    Core() { begin_message(); }

    void begin_message() {
        parser.emplace();
        parser->eager(true);
        parser->header_limit(max_header_bytes);
        parser->body_limit(protocol::max_request_bytes);
        told_to_continue = false;
        state = State::incomplete;
    }

    void parse() {
        while (state == State::incomplete && !unread.empty()) {
            boost::system::error_code error;
            const std::size_t used = parser->put(boost::asio::buffer(unread), error);
            keep_unread(unread.substr(used));
            if (error && error != http::error::need_more) return refuse(error);
            if (parser->is_done()) {
                state = State::complete;
            } else if (error == http::error::need_more) {
                // A chunk's header has no limit in the parser; what it waits for is held here.
                if (unread.size() > max_header_bytes) refuse(http::error::header_limit);
                break;
            }
        }
        if (state == State::incomplete && waits_to_be_told()) state = State::wants_continue;
    }

    // What was read does not stay behind.
    void keep_unread(std::string rest) {
        sodium_memzero(unread.data(), unread.size());
        unread = std::move(rest);
    }

    bool waits_to_be_told() {
        if (!parser->is_header_done() || told_to_continue || !unread.empty()) return false;
        const auto wish = parser->get()[http::field::expect];
        return boost::beast::iequals(wish, "100-continue");
    }

    void refuse(boost::system::error_code error) {
        state = State::refused;
        keep_unread("");
        if (error == http::error::body_limit) {
            refusal = text_reply(
                413, fmt::format("a request's body may have {} bytes", protocol::max_request_bytes)
            );
        } else if (error == http::error::header_limit) {
            refusal = text_reply(431, fmt::format("a request's header may have {} bytes", max_header_bytes));
        } else {
            refusal = text_reply(400, "this is not HTTP/1.1: " + error.message());
        }
        refusal.close = true;
    }

    std::optional<http::request_parser<http::string_body>> parser;
    std::string unread;
    bool told_to_continue = false;
    State state = State::incomplete;
    HttpReply refusal;
};

RequestAssembler::RequestAssembler() : core_(std::make_unique<Core>()) {}
RequestAssembler::RequestAssembler(RequestAssembler&&) noexcept = default;
RequestAssembler& RequestAssembler::operator=(RequestAssembler&&) noexcept = default;
RequestAssembler::~RequestAssembler() = default;

RequestAssembler::State RequestAssembler::feed(std::string_view bytes) {
    if (core_->state == State::wants_continue) {
        core_->told_to_continue = true;
        core_->state = State::incomplete;
    }
    if (core_->state == State::refused) return State::refused;
    std::string joined;
    joined.reserve(core_->unread.size() + bytes.size());  // once: growth would leave a copy behind
    joined.append(core_->unread).append(bytes);
    core_->keep_unread(std::move(joined));
    core_->parse();
    return core_->state;
}

bool RequestAssembler::begun() const {
    return core_->parser->got_some() || !core_->unread.empty();
}

HttpRequest RequestAssembler::take() {
    const bool keep_alive = core_->parser->keep_alive();
    auto message = core_->parser->release();
    HttpRequest request;
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    request.body = std::move(message.body());
    request.keep_alive = keep_alive;
    for (const auto& field : message)
        request.headers.emplace_back(field.name_string(), field.value());
    core_->begin_message();
    return request;
}

HttpReply RequestAssembler::refusal() const {
    return core_->refusal;
}

}  // namespace krakken::gate
