#include "fake_daemon.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "protocol/json_text.hpp"

namespace krakken::test {

ScratchFolder::ScratchFolder() {
    std::string name = std::filesystem::temp_directory_path() / "krakken-XXXXXX";
    if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    path_ = name;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

FakeDaemon::FakeDaemon(Answer answer, std::size_t piece) : answer_(std::move(answer)), piece_(piece) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = sockets().front();
    std::memcpy(address.sun_path, path.c_str(), path.size());
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::array<int, 2> stop{};
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 16) != 0 || pipe2(stop.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("cannot listen at " + path);
    stop_read_ = stop[0];
    stop_write_ = stop[1];
    thread_ = std::thread([this] { serve(); });
}

FakeDaemon::~FakeDaemon() {
    close(stop_write_);  // wakes every poll()
    thread_.join();
    close(stop_read_);
    close(listener_);
}

std::vector<std::string> FakeDaemon::lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
}

// One connection after the other: no test needs more.
void FakeDaemon::serve() {
    for (;;) {
        std::array<pollfd, 2> waiting{pollfd{listener_, POLLIN, 0}, pollfd{stop_read_, POLLIN, 0}};
        poll(waiting.data(), waiting.size(), -1);
        if (waiting[1].revents != 0) return;
        const int connection = accept(listener_, nullptr, nullptr);
        if (connection < 0) continue;
        ++connections_;
        serve_one(connection);
        close(connection);
    }
}

void FakeDaemon::serve_one(int connection) {
    std::string input;
    std::array<char, 65536> buffer{};
    for (;;) {
        std::array<pollfd, 2> waiting{pollfd{connection, POLLIN, 0}, pollfd{stop_read_, POLLIN, 0}};
        poll(waiting.data(), waiting.size(), -1);
        if (waiting[1].revents != 0) return;
        const ssize_t got = read(connection, buffer.data(), buffer.size());
        if (got <= 0) return;
        input.append(buffer.data(), static_cast<std::size_t>(got));
        for (std::size_t feed = 0; (feed = input.find('\n')) != std::string::npos;) {
            const std::string line = input.substr(0, feed);
            input.erase(0, feed + 1);
            {
                const std::lock_guard lock(mutex_);
                lines_.push_back(line);
            }
            const auto answer = answer_(line);
            if (!answer) return;
            for (std::size_t at = 0; at < answer->size(); at += piece_)
                send(connection, answer->data() + at, std::min(piece_, answer->size() - at), MSG_NOSIGNAL);
        }
    }
}

std::string id_of(const std::string& line) {
    const auto members = protocol::split_object(line, 32);
    const auto* id = members ? protocol::find(*members, "id") : nullptr;
    return id ? std::string(id->value) : "null";
}

std::string reply(const std::string& line, const std::string& result) {
    return R"({"jsonrpc":"2.0","id":)" + id_of(line) + R"(,"result":)" + result + "}\n";
}

std::string error_reply(const std::string& line, const std::string& error) {
    return R"({"jsonrpc":"2.0","id":)" + id_of(line) + R"(,"error":)" + error + "}\n";
}

}  // namespace krakken::test
