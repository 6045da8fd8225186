#include "connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "protocol/limits.hpp"

namespace krakken::client {

namespace {

constexpr std::size_t first_buffer = std::size_t{64} * 1024;

// For poll(): rounded up, so that a deadline is never polled for in a busy loop.
int milliseconds_left(Deadline deadline) {
    if (!deadline) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, std::numeric_limits<int>::max()));
}

std::expected<void, Broken> wait_for(int socket, short events, Deadline deadline) {
    for (;;) {
        pollfd waiting{socket, events, 0};
        const int ready = poll(&waiting, 1, milliseconds_left(deadline));
        if (ready > 0) return {};
        if (ready == 0) return std::unexpected(Broken::late);
        if (errno != EINTR) return std::unexpected(Broken::closed);
    }
}

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

Connection::Connection(Descriptor socket)
    : socket_(std::move(socket)), buffer_(first_buffer), lines_(buffer_) {}

std::expected<void, Broken> Connection::send(
    std::initializer_list<std::string_view> pieces, Deadline deadline, std::size_t& sent
) {
    std::size_t total = 0;
    for (const auto piece : pieces)
        total += piece.size();

    for (sent = 0; sent < total;) {
        std::array<iovec, 4> parts{};
        std::size_t count = 0;
        std::size_t skip = sent;
        for (std::string_view piece : pieces) {
            const std::size_t gone = std::min(skip, piece.size());
            skip -= gone;
            piece.remove_prefix(gone);
            // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): iovec serves readv, too
            if (!piece.empty()) parts.at(count++) = {const_cast<char*>(piece.data()), piece.size()};
        }
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = count;
        const ssize_t taken = sendmsg(socket_.number(), &message, MSG_NOSIGNAL);
        if (taken >= 0) {
            sent += static_cast<std::size_t>(taken);
        } else if (would_block(errno)) {
            if (auto writable = wait_for(socket_.number(), POLLOUT, deadline); !writable) return writable;
        } else if (errno != EINTR) {
            return std::unexpected(Broken::closed);
        }
    }
    return {};
}

std::expected<std::string_view, Broken> Connection::receive_line(Deadline deadline) {
    for (;;) {
        if (const auto line = lines_.take_line()) return *line;
        std::span<char> space = lines_.space();
        if (space.empty()) {
            if (buffer_.size() >= protocol::max_reply_bytes) return std::unexpected(Broken::too_long);
            buffer_.resize(std::min(2 * buffer_.size(), protocol::max_reply_bytes));
            lines_.moved_to(buffer_);
            continue;
        }
        if (auto readable = wait_for(socket_.number(), POLLIN, deadline); !readable)
            return std::unexpected(readable.error());
        const ssize_t got = recv(socket_.number(), space.data(), space.size(), 0);
        if (got > 0) {
            lines_.filled(static_cast<std::size_t>(got));
        } else if (got == 0 || (!would_block(errno) && errno != EINTR)) {
            return std::unexpected(Broken::closed);
        }
    }
}

}  // namespace krakken::client
