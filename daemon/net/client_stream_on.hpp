#pragma once

// What is the same of a client's connection with TLS and without.

#include "net/client_stream.hpp"

#include <sodium.h>

#include <array>
#include <utility>

namespace krakken::net {

// `Stream` is a TCP socket, or stands on one.
template <class Stream>
class ClientStreamOn : public ClientStream {
public:
    boost::asio::awaitable<std::size_t> read(std::span<char> space, Deadline deadline) final {
        return bytes_.read(space, deadline);
    }

    boost::asio::awaitable<bool> write(std::string_view bytes, Deadline deadline) final {
        return bytes_.write(bytes, deadline);
    }

    bool peer_is_gone() final { return bytes_.peer_is_gone(); }

    void stop_reading() final {
        boost::system::error_code gone;
        socket().shutdown(boost::asio::socket_base::shutdown_receive, gone);
    }

protected:
    template <class... Arguments>
    explicit ClientStreamOn(Arguments&&... arguments)
        : stream_(std::forward<Arguments>(arguments)...), bytes_(stream_), alarm_(stream_) {}

    virtual boost::asio::ip::tcp::socket& socket() = 0;

    boost::asio::awaitable<void> end_socket(Deadline deadline) {
        boost::system::error_code gone;
        socket().shutdown(boost::asio::socket_base::shutdown_send, gone);
        alarm_.set(deadline);
        std::array<char, 4096> bytes;
        for (std::size_t discarded = 0; discarded < most_discarded;) {
            const auto [error, count] = co_await socket().async_read_some(
                boost::asio::buffer(bytes), boost::asio::as_tuple(boost::asio::use_awaitable)
            );
            if (error) break;
            discarded += count;
        }
        alarm_.off();
        sodium_memzero(bytes.data(), bytes.size());
    }

    Stream stream_;
    SocketStream<Stream> bytes_;
    Alarm<Stream> alarm_;

private:
    // Of what a client sends that is told to stop.
    static constexpr std::size_t most_discarded = 4 * 1024 * 1024;
};

}  // namespace krakken::net
