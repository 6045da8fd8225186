#pragma once

// Both sockets: accepts connections, checks by the kernel's word who is there, and keeps the sessions. And
// the gateway, where there is to be one.

#include "base/files.hpp"
#include "gate/backend.hpp"
#include "gate/gateway.hpp"
#include "gate/session.hpp"
#include "protocol/paths.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace krakken::gate {

struct ServerSettings {
    protocol::Paths paths;
    std::optional<gid_t> client_group;
    std::size_t max_clients = 1024;  // of the client socket, and of the gateway
    std::optional<GatewaySettings> gateway = std::nullopt;
};

class Server {
public:
    // `backend` must outlive the server.
    Server(Backend& backend, ServerSettings settings);

    // Makes the runtime folder and both sockets, and opens the gateway. The error says what is in the way.
    protocol::Result<void> open();
    void start();

    // Takes no new connections and requests; returns true when every connection has ended, false at the
    // deadline.
    boost::asio::awaitable<bool> drain(std::chrono::steady_clock::time_point deadline);

    std::size_t clients() const { return sessions_.size() + (gateway_ ? gateway_->clients() : 0); }

private:
    using Acceptor = boost::asio::local::stream_protocol::acceptor;

    struct Door {
        protocol::SocketKind kind;
        std::filesystem::path path;
        std::size_t max_sessions;
        Acceptor acceptor;
        std::size_t sessions = 0;
    };

    protocol::Result<void> open_door(
        protocol::SocketKind kind, const std::filesystem::path& path, mode_t mode, std::size_t max_sessions
    );
    boost::asio::awaitable<void> accept(Door& door);
    void admit(Door& door, Session::Socket socket);

    // Few people administer one daemon, and each connection holds locked memory.
    static constexpr std::size_t max_admins = 8;

    Backend& backend_;
    ServerSettings settings_;
    std::vector<std::unique_ptr<Door>> doors_;
    std::set<std::shared_ptr<Session>> sessions_;
    account::Changes session_ended_;  // or a connection of the gateway has
    std::optional<Gateway> gateway_;
    bool draining_ = false;
};

}  // namespace krakken::gate
