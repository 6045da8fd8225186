#pragma once

// A session at one end of a socket pair, the test at the other, accounts over fakes behind it.

#include "gate/backend.hpp"
#include "gate/session.hpp"
#include "support/bench.hpp"

#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace krakken::test {

struct SessionBench : Bench {
    explicit SessionBench(
        protocol::SocketKind kind = protocol::SocketKind::client, gate::Session::Patience patience = {}
    )
        : Bench({.default_account = "", .retry = at_once}) {
        keeper.hold("master", "0123abcd");
        accounts.refresh();
        backend.clients = [] { return std::size_t{1}; };
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            throw std::runtime_error("no socket pair");
        end = ends[0];
        gate::Session::Socket socket(loop.context, boost::asio::local::stream_protocol(), ends[1]);
        session = std::make_shared<gate::Session>(
            std::move(socket), kind, gate::Peer{::geteuid(), ::getpid(), {}}, backend, patience
        );
        session->start([this] { ++ended; });
    }
    ~SessionBench() {
        hang_up();
        upstream.held.open();
        loop.poll();
    }

    // Sends as much as the session takes; how many bytes that was.
    std::size_t write(std::string_view text) {
        std::size_t written = 0;
        while (written < text.size()) {
            const auto sent =
                ::send(end, text.data() + written, text.size() - written, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent > 0) {
                written += static_cast<std::size_t>(sent);
            } else if (loop.context.restart(), loop.context.poll() == 0) {
                break;
            }
        }
        loop.poll();
        return written;
    }
    // A request of this method with this id.
    void request(std::string_view id, std::string_view method, std::string_view params = "{}") {
        write(line(id, method, params));
    }
    static std::string line(std::string_view id, std::string_view method, std::string_view params = "{}") {
        std::string text = R"({"jsonrpc":"2.0",)";
        if (!id.empty()) text += R"("id":)" + std::string(id) + ',';
        return text + R"("method":")" + std::string(method) + R"(","params":)" + std::string(params) + "}\n";
    }
    // The lines that the session has written since the last call.
    std::vector<std::string> replies() {
        read();
        std::vector<std::string> lines;
        for (std::size_t feed = 0; (feed = unread.find('\n')) != std::string::npos; unread.erase(0, feed + 1))
            lines.push_back(unread.substr(0, feed));
        return lines;
    }
    // All that the session has written since the last call.
    std::string bytes() {
        read();
        return std::exchange(unread, {});
    }
    bool is_closed() {
        read();
        return closed;
    }
    void half_close() {
        ::shutdown(end, SHUT_WR);
        loop.poll();
    }
    void hang_up() {
        if (end >= 0) ::close(end);
        end = -1;
        loop.poll();
    }

    gate::AuditTrail audit{store, clock};
    gate::Freezes freezes{store};
    gate::BotNonces bot_nonces{store};
    gate::Usage usage{loop.context.get_executor(), store};
    account::Changes changes{loop.context.get_executor()};
    gate::Backend backend{
        loop.context.get_executor(),
        clock,
        keeper,
        accounts,
        audit,
        freezes,
        bot_nonces,
        usage,
        changes,
        {},
        {},
        "https://api.kraken.com",
        "/nowhere/config.toml"
    };
    std::shared_ptr<gate::Session> session;
    int end = -1;
    int ended = 0;  // how often the session said so

private:
    void read() {
        std::string room(256 * 1024, '\0');
        while (!closed) {
            loop.poll();
            const auto got = ::recv(end, room.data(), room.size(), MSG_DONTWAIT);
            if (got < 0 && errno == EAGAIN) return;
            closed = got <= 0;
            if (got > 0) unread.append(room, 0, static_cast<std::size_t>(got));
        }
    }

    std::string unread;
    bool closed = false;
};

}  // namespace krakken::test
