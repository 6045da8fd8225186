#pragma once

// One connection of the blocking client: bytes out, lines in, each with a deadline.

#include <chrono>
#include <expected>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "connect.hpp"
#include "protocol/line_reader.hpp"

namespace krakken::client {

// None: no end.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

enum class Broken {
    closed,   // by the other side, or by the network stack
    late,     // the deadline has passed
    too_long  // a line of more than protocol::max_reply_bytes
};

class Connection {
public:
    explicit Connection(Descriptor socket);

    // Sends the pieces one behind the other from where they lie. `sent` says how much of them left, also
    // when it fails.
    std::expected<void, Broken> send(
        std::initializer_list<std::string_view> pieces, Deadline deadline, std::size_t& sent
    );

    // The next line; valid until the next call.
    std::expected<std::string_view, Broken> receive_line(Deadline deadline);

private:
    Descriptor socket_;
    std::vector<char> buffer_;
    protocol::LineReader lines_;
};

}  // namespace krakken::client
