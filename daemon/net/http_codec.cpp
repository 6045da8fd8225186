#include "http_codec.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

namespace krakken::net {

namespace {

namespace http = boost::beast::http;

// Kraken's front sends 2 to 4 KiB (cookies, policies); many times that is no reply to an API call.
constexpr std::size_t max_header_bytes = 64 * 1024;

bool is_token_character(char c) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";  // RFC 9110, 5.6.2
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

void require(bool condition, const char* what) {
    if (!condition) throw std::invalid_argument(what);
}

bool is_set_here(std::string_view name) {
    constexpr std::string_view ours[] = {
        "Host", "User-Agent", "Connection", "Content-Length", "Transfer-Encoding", "Expect", "TE", "Upgrade"
    };
    return std::ranges::any_of(ours, [name](std::string_view our) {
        return boost::beast::iequals({our.data(), our.size()}, {name.data(), name.size()});
    });
}

void append_header(std::string& bytes, std::string_view name, std::string_view value) {
    require(!name.empty() && std::ranges::all_of(name, is_token_character), "header name is no token");
    require(std::ranges::none_of(value, is_control), "header value has a control character");
    bytes.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string write_request(const Request& request, std::string_view authority, std::string_view user_agent) {
    require(request.method == "GET" || request.method == "POST", "method is neither GET nor POST");
    require(request.method == "POST" || request.body.empty(), "GET with a body");
    const auto breaks_line = [](char c) { return is_control(c) || c == ' '; };
    require(
        request.target.starts_with('/') && std::ranges::none_of(request.target, breaks_line),
        "target is no path"
    );

    std::size_t size =
        512 + request.target.size() + authority.size() + user_agent.size() + request.body.size();
    for (const auto& [name, value] : request.headers)
        size += name.size() + value.size() + 4;
    std::string bytes;
    bytes.reserve(size);  // once: growth would leave copies of the API key behind
    bytes.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    append_header(bytes, "Host", authority);
    append_header(bytes, "User-Agent", user_agent);
    append_header(bytes, "Connection", "keep-alive");
    for (const auto& [name, value] : request.headers) {
        require(!is_set_here(name), "header is set by the room itself");
        append_header(bytes, name, value);
    }
    if (request.method == "POST") append_header(bytes, "Content-Length", std::to_string(request.body.size()));
    bytes.append("\r\n").append(request.body);
    return bytes;
}

struct ReplyAssembler::Core {
    explicit Core(std::size_t max_body) : max_body_bytes(max_body) { begin_message(); }

    void begin_message() {
        parser.emplace();
        parser->eager(true);
        parser->header_limit(max_header_bytes);
        parser->body_limit(max_body_bytes);
    }

    void parse() {
        while (state == State::incomplete && !unread.empty()) {
            boost::system::error_code error;
            const std::size_t used = parser->put(boost::asio::buffer(unread), error);
            unread.erase(0, used);
            if (error == http::error::need_more) return require_bounded_header();
            if (error) return fail(error);
            if (parser->is_done()) finish_message();
        }
    }

    // A chunk's header has no limit in the parser; what it waits for is held here.
    void require_bounded_header() {
        if (unread.size() > max_header_bytes) fail(http::error::header_limit);
    }

    void finish_message() {
        const unsigned status = parser->get().result_int();
        if (status == 101) return fail(http::error::bad_status);  // nobody asked for another protocol
        if (status / 100 == 1) return begin_message();            // interim: the reply comes after it
        state = State::complete;
    }

    void fail(boost::system::error_code error) {
        const bool large = error == http::error::body_limit || error == http::error::header_limit;
        const bool cut = error == http::error::partial_message || error == http::error::end_of_stream;
        state = large ? State::too_large : cut ? State::cut_off : State::malformed;
        detail = error.message();
    }

    std::size_t max_body_bytes;
    std::optional<http::response_parser<http::string_body>> parser;
    std::string unread;
    std::string detail;
    State state = State::incomplete;
};

ReplyAssembler::ReplyAssembler(std::size_t max_body_bytes) : core_(std::make_unique<Core>(max_body_bytes)) {}
ReplyAssembler::ReplyAssembler(ReplyAssembler&&) noexcept = default;
ReplyAssembler& ReplyAssembler::operator=(ReplyAssembler&&) noexcept = default;
ReplyAssembler::~ReplyAssembler() = default;

ReplyAssembler::State ReplyAssembler::feed(std::string_view bytes) {
    core_->unread.append(bytes);
    core_->parse();
    return core_->state;
}

ReplyAssembler::State ReplyAssembler::end() {
    if (core_->state != State::incomplete) return core_->state;
    boost::system::error_code error = http::error::end_of_stream;
    if (core_->parser->got_some()) core_->parser->put_eof(error);
    if (error) {
        core_->fail(error);
    } else {
        core_->finish_message();
    }
    return core_->state;
}

bool ReplyAssembler::reusable() const {
    return core_->state == State::complete && core_->unread.empty() && core_->parser->keep_alive();
}

std::string ReplyAssembler::detail() const {
    return core_->detail;
}

Reply ReplyAssembler::take() {
    auto message = core_->parser->release();
    Reply reply;
    reply.status = message.result_int();
    reply.content_type = std::string(message[http::field::content_type]);
    reply.body = std::move(message.body());
    return reply;
}

}  // namespace krakken::net
