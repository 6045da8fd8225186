#include "tests/exchange/front/http.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <sstream>

namespace exchange::front {

namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t header_limit = 16 * 1024;
constexpr std::uint64_t body_limit = 1024 * 1024;  // a batch of 15 orders has a few kilobytes

}  // namespace

const std::string* Request::header(std::string_view name) const {
    for (const auto& [field, value] : headers) {
        if (boost::beast::iequals(field, name)) return &value;
    }
    return nullptr;
}

struct RequestReader::Parser {
    http::request_parser<http::string_body> parser;
    bool continue_asked = false;
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {
    parser_->parser.header_limit(header_limit);
    parser_->parser.body_limit(body_limit);
    parser_->parser.eager(true);
}

RequestReader::~RequestReader() = default;

bool RequestReader::started() const {
    return parser_->parser.got_some();
}

RequestReader::State RequestReader::feed(std::string& bytes) {
    auto& parser = parser_->parser;
    while (!bytes.empty() && !parser.is_done()) {
        boost::system::error_code error;
        const std::size_t taken = parser.put(boost::asio::buffer(bytes), error);
        bytes.erase(0, taken);
        if (error == http::error::need_more) break;
        if (error == http::error::body_limit || error == http::error::header_limit) return State::too_large;
        if (error) return State::bad;
    }
    return parser.is_done() ? State::done : State::more;
}

bool RequestReader::wants_continue() {
    auto& parser = parser_->parser;
    if (parser_->continue_asked || !parser.is_header_done() || parser.is_done()) return false;
    parser_->continue_asked = true;
    return boost::beast::iequals(parser.get()[http::field::expect], "100-continue");
}

Request RequestReader::take() {
    const bool keep_alive = parser_->parser.keep_alive();
    auto message = parser_->parser.release();
    Request request;
    request.method = message.method_string();
    request.target = message.target();
    request.keep_alive = keep_alive;
    for (const auto& field : message) {
        request.headers.emplace_back(field.name_string(), field.value());
    }
    request.body = std::move(message.body());
    return request;
}

ReplyBytes to_bytes(const Reply& reply, bool keep_alive) {
    http::response<http::string_body> message(static_cast<http::status>(reply.status), 11);
    // Beast has no words for the statuses of the proxy in front, and an empty reason is allowed.
    message.set(http::field::server, "krakken-exchange");
    message.set(http::field::content_type, reply.content_type);
    for (const auto& [name, value] : reply.headers)
        message.set(name, value);
    message.keep_alive(keep_alive);
    message.content_length(reply.body.size());
    std::ostringstream head;
    head << message.base();
    return {head.str(), reply.body};
}

Reply html_page(unsigned status) {
    const std::string number = std::to_string(status);
    const std::string_view known = http::obsolete_reason(static_cast<http::status>(status));
    const std::string title = number + (known.empty() ? "" : ": ") + std::string(known);
    Reply reply{.status = status, .content_type = "text/html; charset=UTF-8", .headers = {}, .body = {}};
    reply.body = "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>api.kraken.com | " + title +
                 "</title></head>\n<body><h1>Error " + number +
                 "</h1><p>Ray ID: 7f1d2c0b9a8e6d53</p></body>\n</html>\n";
    return reply;
}

}  // namespace exchange::front
