#include "measure.hpp"
#include "modes.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace krakken::bench {

namespace {

using Message = std::array<char, 256>;

bool receive(int socket, Message& message) {
    std::size_t got = 0;
    while (got < message.size()) {
        const ssize_t count = ::read(socket, message.data() + got, message.size() - got);
        if (count <= 0) return false;
        got += static_cast<std::size_t>(count);
    }
    return true;
}

bool send(int socket, const Message& message) {
    return ::write(socket, message.data(), message.size()) == static_cast<ssize_t>(message.size());
}

[[noreturn]] void echo(int socket) {
    Message message{};
    while (receive(socket, message) && send(socket, message)) {
    }
    ::_exit(0);
}

}  // namespace

void floor_round_trip(std::size_t calls) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) give_up("no socket pair");
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        echo(ends[1]);
    }
    ::close(ends[1]);
    Message message{};
    message.fill('x');
    Measurement measurement(calls);
    for (std::size_t call = 0; call < calls; ++call) {
        measurement.begin();
        if (!send(ends[0], message) || !receive(ends[0], message)) give_up("the echo ended");
        measurement.end();
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    measurement.print();
}

}  // namespace krakken::bench
