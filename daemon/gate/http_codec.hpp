#pragma once

// HTTP/1.1 without sockets: bytes to requests, a reply to bytes. The only part of the gate that knows Beast.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace krakken::gate {

struct HttpRequest {
    std::string method;
    std::string target;  // with its query
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool keep_alive = true;

    HttpRequest() = default;
    HttpRequest(HttpRequest&&) noexcept = default;
    HttpRequest& operator=(HttpRequest&&) noexcept = default;
    // A key or a passphrase may come here by mistake, so header values and body are wiped.
    ~HttpRequest();

    std::string_view path() const;
    std::string_view query() const;  // without its "?"
    // Names are compared without regard to case. Empty: none, or more than one, which nobody sends honestly.
    std::optional<std::string_view> header(std::string_view name) const;
    bool has_header(std::string_view name) const;
};

struct HttpReply {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    bool close = false;  // the connection cannot be trusted to be in step, or must say no more
};

// `keep_alive`: whether the connection stays open. `without_body`: it answers HEAD.
std::string write_reply(HttpReply reply, bool keep_alive, bool without_body);

// Puts requests together from bytes in pieces of any size, one after another.
class RequestAssembler {
public:
    enum class State {
        incomplete,
        wants_continue,  // the client sends its body when it is told to
        complete,
        refused,  // no HTTP, or too long: see refusal(); the connection is of no further use
    };

    // Bodies of at most protocol::max_request_bytes, headers of 16 KiB.
    RequestAssembler();
    RequestAssembler(RequestAssembler&&) noexcept;
    RequestAssembler& operator=(RequestAssembler&&) noexcept;
    ~RequestAssembler();

    State feed(std::string_view bytes);
    // Some bytes of a request were there that is not complete.
    bool begun() const;
    // The complete request; the next one may be complete already, see feed("").
    HttpRequest take();
    HttpReply refusal() const;

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

// For a person with curl.
HttpReply text_reply(unsigned status, std::string text);

}  // namespace krakken::gate
