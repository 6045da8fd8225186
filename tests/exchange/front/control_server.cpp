#include "tests/exchange/front/control_server.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/write.hpp>
#include <iostream>

#include "tests/exchange/front/watchdog.hpp"

namespace exchange::front {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_sessions = 200;
constexpr auto quiet_time =
    std::chrono::seconds(60);  // a whole request and its reply, or the pause between two

}  // namespace

class ControlServer::Session {
public:
    Session(Control& control, tcp::socket socket)
        : control_(control), socket_(std::move(socket)), watchdog_(socket_.get_executor()) {}

    asio::awaitable<void> run() {
        using namespace asio::experimental::awaitable_operators;
        co_await (live() || watchdog_.watch());
    }
    void close() { watchdog_.fire(); }

private:
    asio::awaitable<void> live() {
        try {
            bool more = true;
            while (more)
                more = co_await serve_one();
        } catch (const std::exception& error) {
            std::cerr << "control: " << error.what() << '\n';
        }
    }

    asio::awaitable<bool> serve_one() {
        RequestReader reader;
        std::array<char, 16 * 1024> buffer;
        watchdog_.within(quiet_time);
        auto state = reader.feed(unread_);
        while (state == RequestReader::State::more) {
            if (reader.wants_continue()) {
                co_await asio::async_write(socket_, asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), token);
            }
            const auto [error, size] = co_await socket_.async_read_some(asio::buffer(buffer), token);
            if (error) co_return false;
            unread_.append(buffer.data(), size);
            state = reader.feed(unread_);
        }
        if (state != RequestReader::State::done) co_return false;
        const Request request = reader.take();
        const ReplyBytes reply = to_bytes(control_.handle(request), request.keep_alive);
        const std::string bytes = reply.head + reply.body;
        const auto [error, size] = co_await asio::async_write(socket_, asio::buffer(bytes), token);
        co_return !error && request.keep_alive;
    }

    Control& control_;
    tcp::socket socket_;
    Watchdog watchdog_;
    std::string unread_;
};

ControlServer::ControlServer(asio::io_context& context, Control& control, const tcp::endpoint& where)
    : context_(context), control_(control), acceptor_(context, where) {
    asio::co_spawn(context_, accept(), [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

ControlServer::~ControlServer() = default;

asio::awaitable<void> ControlServer::accept() {
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(token);
        if (error == asio::error::operation_aborted) co_return;
        if (error) {
            asio::steady_timer pause(context_, std::chrono::milliseconds(100));
            co_await pause.async_wait(token);
            continue;
        }
        if (sessions_.size() >= most_sessions) continue;
        const std::uint64_t id = ++last_id_;
        auto session = std::make_shared<Session>(control_, std::move(socket));
        sessions_.emplace(id, session);
        asio::co_spawn(context_, session->run(), [this, id](const std::exception_ptr&) {
            sessions_.erase(id);
        });
    }
}

void ControlServer::stop() {
    boost::system::error_code error;
    acceptor_.close(error);
    for (const auto& [id, session] : sessions_)
        session->close();
}

}  // namespace exchange::front
