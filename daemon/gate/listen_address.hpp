#pragma once

// Where the gateway may listen: on this machine, for this machine alone.

#include <boost/asio/ip/tcp.hpp>
#include <expected>
#include <string>
#include <string_view>

namespace krakken::gate {

using ListenAddress = boost::asio::ip::tcp::endpoint;

// "127.0.0.1:8484" or "[::1]:8484": a numeric loopback address and a port, of which 0 is any free one. The
// error goes on behind the setting's name.
std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text);

// As it was written.
std::string text_of(const ListenAddress& address);

}  // namespace krakken::gate
