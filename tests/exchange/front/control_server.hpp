#pragma once

// The control interface on a plain loopback socket.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>

#include "tests/exchange/front/control.hpp"

namespace exchange::front {

class ControlServer {
public:
    using tcp = boost::asio::ip::tcp;

    // Listens at once; throws boost::system::system_error if it cannot. All must outlive it.
    ControlServer(boost::asio::io_context& context, Control& control, const tcp::endpoint& where);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    tcp::endpoint where() const { return acceptor_.local_endpoint(); }
    void stop();

private:
    class Session;

    boost::asio::awaitable<void> accept();

    boost::asio::io_context& context_;
    Control& control_;
    tcp::acceptor acceptor_;
    std::uint64_t last_id_ = 0;
    std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;
};

}  // namespace exchange::front
