#pragma once

// What can be measured, each in a process of its own so that its processor time is its own.

#include <cstddef>
#include <filesystem>
#include <string>

namespace krakken::bench {

// A bare round trip of 256 bytes over a Unix socket between two processes: the floor of every local call.
void floor_round_trip(std::size_t calls);

// `ping`, written and read by hand, so that it compares with the floor.
void ping(const std::filesystem::path& socket, std::size_t calls);

// `call Balance` through the daemon, by the client library.
void balance_through_daemon(const std::filesystem::path& socket, std::size_t calls);

struct Exchange {
    std::string base_url;
    std::filesystem::path ca_file;
    std::filesystem::path key_file;  // two lines: API key, API secret
};

// The same HTTPS call made directly, by the daemon's own code for TLS, body, signature and reply.
void balance_directly(const Exchange& exchange, std::size_t calls);

}  // namespace krakken::bench
