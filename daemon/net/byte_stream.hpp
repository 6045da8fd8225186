#pragma once

// Bytes in and out, each by a deadline, whatever carries them. The event loop's thread only.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace krakken::net {

class ByteStream {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    virtual ~ByteStream() = default;
    // How many bytes came; 0: none will any more, or none came by the deadline.
    virtual boost::asio::awaitable<std::size_t> read(std::span<char> space, Deadline deadline) = 0;
    // All of them; false: not by the deadline, or there is nobody to read them.
    virtual boost::asio::awaitable<bool> write(std::string_view bytes, Deadline deadline) = 0;
    // Whether the other side has closed, as far as it is known without reading. One that only ends its own
    // direction counts, too: clients that speak HTTP do not.
    virtual bool peer_is_gone() = 0;
};

// The same of an open socket.
bool has_hung_up(int socket);

// Cancels what a socket, which must outlive it, has under way when its time is over.
template <class Socket>
class Alarm {
public:
    using Deadline = ByteStream::Deadline;

    explicit Alarm(Socket& socket) : watch_(std::make_shared<Watch>(socket)) {}

    void set(Deadline deadline) {
        watch_->timer.expires_at(deadline);
        if (deadline == Deadline::max()) return;
        watch_->timer.async_wait([weak = std::weak_ptr(watch_)](boost::system::error_code cancelled) {
            const auto watch = weak.lock();
            // It may have run out in the moment in which it was set anew.
            if (!watch || cancelled || watch->timer.expiry() > std::chrono::steady_clock::now()) return;
            boost::system::error_code ignored;
            watch->socket.lowest_layer().cancel(ignored);
        });
    }
    void off() { watch_->timer.expires_at(Deadline::max()); }

private:
    struct Watch {
        explicit Watch(Socket& watched) : socket(watched), timer(watched.get_executor()) {}

        Socket& socket;
        boost::asio::steady_timer timer;
    };

    std::shared_ptr<Watch> watch_;
};

// A socket, which must outlive it, or what stands on one.
template <class Socket>
class SocketStream final : public ByteStream {
public:
    explicit SocketStream(Socket& socket) : socket_(socket), alarm_(socket) {}

    boost::asio::awaitable<std::size_t> read(std::span<char> space, Deadline deadline) override {
        alarm_.set(deadline);
        const auto [error, count] =
            co_await socket_.async_read_some(boost::asio::buffer(space.data(), space.size()), token);
        alarm_.off();
        co_return error ? 0 : count;
    }

    boost::asio::awaitable<bool> write(std::string_view bytes, Deadline deadline) override {
        alarm_.set(deadline);
        const auto [error, count] =
            co_await boost::asio::async_write(socket_, boost::asio::buffer(bytes), token);
        alarm_.off();
        co_return !error;
    }

    bool peer_is_gone() override {
        auto& socket = socket_.lowest_layer();
        return !socket.is_open() || has_hung_up(socket.native_handle());
    }

private:
    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

    Socket& socket_;
    Alarm<Socket> alarm_;
};

}  // namespace krakken::net
