#pragma once

// The gateway: Kraken's own paths on a loopback address, for clients that know neither Unix sockets nor, with
// TLS, plain HTTP. Of those who come by it nobody knows who they are, not even of which user.

#include "base/clock.hpp"
#include "gate/backend.hpp"
#include "gate/listen_address.hpp"
#include "net/client_stream.hpp"
#include "net/tls_server.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace krakken::gate {

struct HttpReply;
struct HttpRequest;

struct GatewaySettings {
    ListenAddress listen;
    bool tls = false;
    std::filesystem::path folder;  // of the authority that TLS clients trust; made where it is needed
    std::size_t max_clients = 1024;
};

class Gateway {
public:
    struct Patience {
        std::chrono::milliseconds for_a_handshake{10'000};
        std::chrono::milliseconds for_a_request{30'000};
        std::chrono::milliseconds for_the_next_request{300'000};  // on a connection that is kept
        std::chrono::milliseconds for_the_read_of_a_reply{60'000};
        std::chrono::milliseconds for_the_end{5'000};  // until the client closes, too
    };

    // `client_left` is told when a connection has ended, calls on it included; it and `backend` must outlive
    // the gateway.
    Gateway(Backend& backend, GatewaySettings settings, account::Changes& client_left, Patience patience);

    // Binds, and tells `backend` where. With TLS: makes the authority on first use. The error says what is in
    // the way. Blocks as long as the disk does.
    protocol::Result<void> open();
    void start();
    // Takes no new connections and requests; the calls that run are finished and answered.
    void drain();

    std::size_t clients() const { return clients_.size(); }

private:
    using Acceptor = boost::asio::ip::tcp::acceptor;

    protocol::Result<void> open_tls();
    protocol::Result<void> bind();
    boost::asio::awaitable<void> accept();
    void admit(boost::asio::ip::tcp::socket socket);
    boost::asio::awaitable<void> serve(std::shared_ptr<net::ClientStream> client);
    boost::asio::awaitable<HttpReply> answer(HttpRequest request, std::function<bool()> is_gone);

    Backend& backend_;
    GatewaySettings settings_;
    account::Changes& client_left_;
    Patience patience_;
    base::SystemClock clock_;  // by which clients judge certificates, whatever Kraken's says
    std::optional<net::TlsServer> tls_;
    Acceptor acceptor_;
    std::vector<std::string> hosts_;
    std::set<std::shared_ptr<net::ClientStream>> clients_;
    bool full_ = false;  // so the log was told
    bool draining_ = false;
};

}  // namespace krakken::gate
