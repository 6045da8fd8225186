#pragma once

// Every limit of the wire in one place, each with its reason.

#include <cstddef>

namespace krakken::protocol {

// A batch of 15 orders with every field is about 10 KiB; ssh-agent draws the line at the same size.
inline constexpr std::size_t max_request_bytes = 256 * 1024;
// A full order book with 64-bit ids is some MiB; an account's whole export some tens.
inline constexpr std::size_t max_reply_bytes = std::size_t{64} * 1024 * 1024;
// Kraken's deepest body (a batch with conditional closes) nests 5 deep.
inline constexpr std::size_t max_request_depth = 32;
// Replies are not ours to shape; deep enough for anything sensible, shallow enough for the parser's stack.
inline constexpr std::size_t max_reply_depth = 128;
inline constexpr std::size_t max_batch = 64;

}  // namespace krakken::protocol
