#pragma once

// The API's HTTPS server. One thread; every session ends by itself, by its deadline or by stop().

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>
#include <memory>

#include "tests/exchange/front/certificate.hpp"
#include "tests/exchange/front/control.hpp"
#include "tests/exchange/front/exchange.hpp"

namespace exchange::front {

class Session;

class HttpsServer {
public:
    using tcp = boost::asio::ip::tcp;

    // Listens at once; throws boost::system::system_error if it cannot. All must outlive it.
    HttpsServer(
        boost::asio::io_context& context, Exchange& exchange, const TlsFiles& tls, const tcp::endpoint& where
    );
    ~HttpsServer();
    HttpsServer(const HttpsServer&) = delete;
    HttpsServer& operator=(const HttpsServer&) = delete;

    tcp::endpoint where() const { return where_; }
    ServerHooks hooks();
    void stop();

    // --- for sessions ---
    Exchange& exchange() { return exchange_; }
    boost::asio::ssl::context& tls(const std::string& flaw) { return tls_.at(flaw); }
    void handshake_failed() { ++counts_.handshakes_failed; }
    // The same request arrives a second time, later.
    void duplicate(Request request, Connection connection, std::int64_t after_ms, std::uint64_t journal_id);

private:
    void listen();
    boost::asio::awaitable<void> accept();
    void start(tcp::socket socket);
    void close_connections();
    void forget_duplicates();
    void apply_faults();

    boost::asio::io_context& context_;
    Exchange& exchange_;
    std::map<std::string, boost::asio::ssl::context> tls_;  // "" is the good one, the others by flaw
    tcp::endpoint where_;
    tcp::acceptor acceptor_;
    bool stopped_ = false;
    ConnectionCounts counts_;
    std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;
    std::list<boost::asio::steady_timer> duplicates_;
};

}  // namespace exchange::front
