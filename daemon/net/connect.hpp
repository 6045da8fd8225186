#pragma once

// A TCP connection to the first of several addresses that answers. The next address is tried after 250 ms, or
// at once when all tried before have failed (RFC 8305), so that one dead address costs little.

#include "name_lookup.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <expected>
#include <string>

namespace krakken::net {

// The socket has TCP_NODELAY. The error is the system's text of the last failure; "timed out" at `deadline`.
awaitable<std::expected<tcp::socket, std::string>> connect(
    boost::asio::any_io_executor executor, Addresses addresses, std::chrono::steady_clock::time_point deadline
);

}  // namespace krakken::net
