#pragma once

// A connection that a client has opened to the daemon, over TCP.

#include "net/byte_stream.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <expected>
#include <memory>
#include <string>

namespace krakken::net {

class ClientStream : public ByteStream {
public:
    // What comes before the first byte: of TLS its handshake, else nothing. The error says why it failed.
    virtual boost::asio::awaitable<std::expected<void, std::string>> begin(Deadline deadline) = 0;
    // Says that nothing more will come, and takes what the client still sends until it closes, since closing
    // on it at once could cost it the last reply. Returns at the deadline at the latest.
    virtual boost::asio::awaitable<void> end(Deadline deadline) = 0;
    // As if the client sent nothing more; what is being written to it is finished.
    virtual void stop_reading() = 0;
};

std::shared_ptr<ClientStream> make_plain_stream(boost::asio::ip::tcp::socket socket);

}  // namespace krakken::net
