#pragma once

// A small TLS server on loopback whose behaviour per connection is a script that runs on a thread of its own
// with blocking calls. Whatever a script sees is told to the test by events, never by waiting some time.

#include "certificates.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace krakken::net::test {

using boost::asio::ip::tcp;

// One accepted connection, as a script sees it. Calls throw when the client is gone.
class Peer {
public:
    Peer(int number, boost::asio::ssl::stream<tcp::socket>& stream) : number_(number), stream_(stream) {}

    int number() const { return number_; }  // from 1, in the order of accepting
    std::string server_name() const;        // the SNI, or empty
    bool resumed() const;

    // Up to the end of the body; empty at the end of the stream.
    std::string read_request();
    // Only the header of a request.
    std::string read_header();
    void send(std::string_view bytes);
    // A whole reply of status 200 that says which connection it came on.
    void reply();
    void end();    // close_notify, then the end of TCP
    void cut();    // the end of TCP, without close_notify
    void reset();  // RST
    void wait_for_end();

private:
    int number_;
    boost::asio::ssl::stream<tcp::socket>& stream_;
    std::string unread_;
};

// Answers every request until the client goes.
void answer_all(Peer& peer);

struct ServerWish {
    bool handshake = true;  // without: the script gets a connection on which nothing was said
    bool only_tls11 = false;
};

class TestServer {
public:
    using Script = std::function<void(Peer&)>;

    TestServer(const Identity& identity, Script script, ServerWish wish = {});
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;
    ~TestServer();

    unsigned short port() const { return port_; }
    std::string url(const std::string& host = "localhost") const {
        return "https://" + host + ":" + std::to_string(port_);
    }

    // What happened so far, in order: "open 1", "end 1", and what scripts note.
    std::vector<std::string> events() const;
    int count(std::string_view event_prefix) const;
    void note(std::string event);
    // Blocks until there are `times` events with this prefix.
    void wait_for(std::string_view event_prefix, int times = 1) const;

private:
    void accept_all();
    void serve(int number, tcp::socket socket);

    boost::asio::io_context context_;
    boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_server};
    tcp::acceptor acceptor_;
    unsigned short port_;
    Script script_;
    ServerWish wish_;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<std::string> events_;
    std::list<int> open_sockets_;
    bool stopping_ = false;

    std::list<std::thread> connections_;
    std::thread acceptor_thread_;
};

}  // namespace krakken::net::test
