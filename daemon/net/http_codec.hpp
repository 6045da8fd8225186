#pragma once

// HTTP/1.1 without sockets: a request to bytes, bytes to a reply. The only part that knows Beast.

#include "upstream.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace krakken::net {

// The exact bytes to send; the body is copied as it is. Throws std::invalid_argument when a part could be
// read as more than what it is (line breaks, control characters, a header this function sets itself): that is
// a programming error, never input.
std::string write_request(const Request& request, std::string_view authority, std::string_view user_agent);

// Puts one reply together from bytes in pieces of any size.
class ReplyAssembler {
public:
    enum class State {
        incomplete,
        complete,
        malformed,
        too_large,  // body over the limit, or a header over 64 KiB
        cut_off,    // the stream ended before the reply did
    };

    explicit ReplyAssembler(std::size_t max_body_bytes);
    ReplyAssembler(ReplyAssembler&&) noexcept;
    ReplyAssembler& operator=(ReplyAssembler&&) noexcept;
    ~ReplyAssembler();

    State feed(std::string_view bytes);
    // The peer ended the stream in the orderly way. That completes a reply without a length.
    State end();

    // Complete, the peer keeps the connection, and it sent nothing beyond this reply.
    bool reusable() const;
    // What was wrong, in HTTP's terms and without bytes of the reply.
    std::string detail() const;
    // The complete reply; once.
    Reply take();

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace krakken::net
