#pragma once

// HTTP/1.1 without sockets: bytes in, requests out; replies in, bytes out. The one file that knows Beast is
// http.cpp.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exchange::front {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method;
    std::string target;
    Headers headers;  // in the client's order and spelling
    std::string body;
    bool keep_alive = true;

    // The first header of that name, whatever its case; nullptr if there is none.
    const std::string* header(std::string_view name) const;
};

struct Reply {
    unsigned status = 200;
    std::string content_type = "application/json";
    Headers headers;
    std::string body;
};

// One request of a connection. A new one is made for each.
class RequestReader {
public:
    enum class State { more, done, bad, too_large };

    RequestReader();
    ~RequestReader();
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    // Takes what it can from the front of `bytes` and says how far the request is.
    State feed(std::string& bytes);
    bool started() const;
    // True once, when the client waits for "100 Continue" before it sends the body.
    bool wants_continue();
    Request take();

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

struct ReplyBytes {
    std::string head;  // status line and headers with their empty line
    std::string body;
};

ReplyBytes to_bytes(const Reply& reply, bool keep_alive);

// A page like those of a proxy in front of the API, for a status that is not 200.
Reply html_page(unsigned status);

}  // namespace exchange::front
