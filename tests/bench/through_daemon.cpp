#include "client/client.hpp"
#include "measure.hpp"
#include "modes.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

namespace krakken::bench {

namespace {

constexpr std::size_t warm_up = 50;

int connect_to(const std::filesystem::path& path) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.size() >= sizeof address.sun_path) give_up("the socket's path is too long");
    std::memcpy(address.sun_path, text.data(), text.size());
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        give_up("no daemon at " + text);
    return socket;
}

}  // namespace

void ping(const std::filesystem::path& path, std::size_t calls) {
    constexpr std::string_view request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
    constexpr std::string_view expected = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}\n";
    const int socket = connect_to(path);
    std::array<char, 256> reply{};
    const auto round_trip = [&] {
        if (::write(socket, request.data(), request.size()) != static_cast<ssize_t>(request.size()))
            give_up("the daemon does not read");
        const ssize_t got = ::read(socket, reply.data(), reply.size());
        if (got < 0 || std::string_view(reply.data(), static_cast<std::size_t>(got)) != expected)
            give_up("the daemon answered something else");
    };
    for (std::size_t call = 0; call < warm_up; ++call)
        round_trip();
    Measurement measurement(calls);
    for (std::size_t call = 0; call < calls; ++call) {
        measurement.begin();
        round_trip();
        measurement.end();
    }
    ::close(socket);
    measurement.print();
}

void balance_through_daemon(const std::filesystem::path& path, std::size_t calls) {
    auto daemon = client::Client::connect({path});
    if (!daemon) give_up(daemon.error().message);
    const auto balance = [&] {
        if (const auto got = daemon->call("Balance"); !got) give_up(got.error().message);
    };
    for (std::size_t call = 0; call < warm_up; ++call)
        balance();
    Measurement measurement(calls);
    for (std::size_t call = 0; call < calls; ++call) {
        measurement.begin();
        balance();
        measurement.end();
    }
    measurement.print();
}

}  // namespace krakken::bench
