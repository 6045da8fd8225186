#pragma once

// HTTP on one connection, whatever carries it: requests are answered one after another, in their order. The
// event loop's thread only.

#include "http_codec.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace krakken::gate {

class ByteStream {
public:
    using Deadline = std::chrono::steady_clock::time_point;

    virtual ~ByteStream() = default;
    // How many bytes came; 0: none will any more, or none came by the deadline.
    virtual boost::asio::awaitable<std::size_t> read(std::span<char> space, Deadline deadline) = 0;
    // All of them; false: not by the deadline, or there is nobody to read them.
    virtual boost::asio::awaitable<bool> write(std::string_view bytes, Deadline deadline) = 0;
    // Whether the other side has closed: it will send nothing more, and reads nothing.
    virtual bool peer_is_gone() = 0;
};

// The same of a socket that is open, without reading from it.
bool has_hung_up(int socket);

// A socket, which must outlive it, or what stands on one.
template <class Socket>
class SocketStream final : public ByteStream, public std::enable_shared_from_this<SocketStream<Socket>> {
public:
    explicit SocketStream(Socket& socket) : socket_(socket), alarm_(socket.get_executor()) {}

    boost::asio::awaitable<std::size_t> read(std::span<char> space, Deadline deadline) override {
        set_alarm(deadline);
        const auto [error, count] =
            co_await socket_.async_read_some(boost::asio::buffer(space.data(), space.size()), token);
        alarm_.cancel();
        co_return error ? 0 : count;
    }

    boost::asio::awaitable<bool> write(std::string_view bytes, Deadline deadline) override {
        set_alarm(deadline);
        const auto [error, count] =
            co_await boost::asio::async_write(socket_, boost::asio::buffer(bytes), token);
        alarm_.cancel();
        co_return !error;
    }

    bool peer_is_gone() override {
        auto& socket = socket_.lowest_layer();
        return !socket.is_open() || has_hung_up(socket.native_handle());
    }

private:
    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

    void set_alarm(Deadline deadline) {
        alarm_.expires_at(deadline);
        if (deadline == Deadline::max()) return;
        alarm_.async_wait([weak = this->weak_from_this()](boost::system::error_code cancelled) {
            const auto self = weak.lock();
            // It may have run out in the moment in which it was set anew.
            if (!self || cancelled || self->alarm_.expiry() > std::chrono::steady_clock::now()) return;
            boost::system::error_code ignored;
            self->socket_.lowest_layer().cancel(ignored);
        });
    }

    Socket& socket_;
    boost::asio::steady_timer alarm_;
};

using AnswerHttp = std::function<boost::asio::awaitable<HttpReply>(HttpRequest request)>;

struct HttpPatience {
    std::chrono::milliseconds
        for_a_request;  // that is begun: a connection that drips bytes is not kept for ever
    std::chrono::milliseconds for_the_read_of_a_reply;
};

// `begun`: what was read of the stream already. Returns when the connection is of no further use; `draining`
// is asked after each reply. It and what `answer` needs must outlive the coroutine.
boost::asio::awaitable<void> converse(
    std::shared_ptr<ByteStream> stream,
    std::string begun,
    AnswerHttp answer,
    const bool& draining,
    HttpPatience patience
);

}  // namespace krakken::gate
