#pragma once

// A client of krakkend that waits for its answers. Ten lines of a bot:
//
//     #include <client/client.hpp>
//
//     int main() {
//         auto daemon = krakken::client::Client::connect();
//         if (!daemon) return std::puts(daemon.error().message.c_str()), 1;
//         auto balance = daemon->call("Balance");
//         if (!balance) return std::puts(balance.error().message.c_str()), 1;
//         std::puts(balance->c_str());  // {"ZUSD":"171288.6158", ...}: Kraken's own bytes
//         auto order = daemon->call("AddOrder", R"({"pair":"XBTUSD","type":"buy","ordertype":"limit",
//                                                   "price":"30000.1","volume":"0.01"})");
//         if (!order && order.error().executed == krakken::protocol::Executed::unknown)
//             std::puts("it may have been placed: look before you repeat it");
//     }
//
// No request is ever sent twice. A connection that the daemon has closed is opened anew by the next request.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/call_options.hpp"
#include "client/failure.hpp"
#include "client/locate.hpp"
#include "client/secret_text.hpp"

namespace krakken::client {

class Connection;

// How long to wait for an answer; none: without end.
using Patience = std::optional<std::chrono::milliseconds>;
inline constexpr std::chrono::milliseconds default_patience = std::chrono::seconds(60);

// One connection; used by one thread at a time.
class Client {
public:
    // Tries the sockets in turn until a daemon answers, and verifies by the kernel's word that it runs as
    // this user, as root or as the owner of the socket's folder, before anything is sent.
    static Outcome<Client> connect(
        std::vector<std::filesystem::path> sockets = find_sockets(protocol::SocketKind::client)
    );

    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // One call at Kraken; `params` is a JSON object of Kraken's parameters, or empty. Returns the bytes of
    // Kraken's `result`.
    Outcome<std::string> call(
        std::string_view endpoint, std::string_view params = {}, const CallOptions& options = {}
    );

    // Any method of the daemon; `params` is a JSON object. Returns the bytes of its result.
    Outcome<std::string> request(
        std::string_view method, std::string_view params = "{}", Patience patience = default_patience
    );

    // For parameters that carry a secret, made by secret_object(): they are neither parsed nor copied here.
    Outcome<std::string> request(
        std::string_view method, const SecretText& params, Patience patience = default_patience
    );

    // The socket that is used.
    const std::filesystem::path& socket() const { return sockets_.front(); }

private:
    explicit Client(std::vector<std::filesystem::path> sockets);

    std::optional<Failure> open();
    Outcome<std::string> exchange(std::string_view method, std::string_view params, Patience patience);
    Outcome<std::string> await_reply(
        std::uint64_t id, std::string_view method, std::string_view params, Patience patience
    );

    std::vector<std::filesystem::path> sockets_;  // the one, once it is found
    std::unique_ptr<Connection> connection_;      // none after a failure that leaves it useless
    std::uint64_t last_id_ = 0;
};

}  // namespace krakken::client
