#pragma once

// One connection to the API: handshake, then requests one after the other, with the faults that meet them.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <string>

#include "tests/exchange/front/delivery.hpp"
#include "tests/exchange/front/https_server.hpp"
#include "tests/exchange/front/watchdog.hpp"

namespace exchange::front {

class Session {
public:
    using Socket = boost::asio::ip::tcp::socket;

    // The server must outlive it, and holds it until run() has ended.
    Session(HttpsServer& server, Socket socket, std::uint64_t id);

    boost::asio::awaitable<void> run();
    void close();         // without a word, at the next chance
    void idle_changed();  // the idle time of kept-alive connections is another one now

private:
    boost::asio::awaitable<void> live();
    boost::asio::awaitable<bool> shake_hands();
    boost::asio::awaitable<std::optional<Request>> read_request();
    boost::asio::awaitable<bool> serve(Request request);  // false = the connection is over
    boost::asio::awaitable<bool> deliver(Delivery delivery);
    boost::asio::awaitable<bool> write(std::string bytes);
    boost::asio::awaitable<void> wait(std::int64_t milliseconds);
    boost::asio::awaitable<void> hold();  // until the client goes away
    void reset_connection();

    HttpsServer& server_;
    Connection connection_;
    std::optional<Fault> fault_;  // that met the connection itself
    boost::asio::ssl::stream<Socket> stream_;
    Watchdog watchdog_;
    bool idle_ = false;
    std::string unread_;
};

}  // namespace exchange::front
