#pragma once

// The choices of one call at Kraken.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace krakken::client {

struct CallOptions {
    std::string account;                               // empty: the daemon's default
    std::optional<std::chrono::milliseconds> timeout;  // 1 ms to 120 s; none: 30 s
    // How long to wait for the rate budget and for the account's earlier calls; 0: now or not at all; none:
    // 10 s for reads, 2 s for the rest.
    std::optional<std::chrono::milliseconds> max_wait;
    std::string idempotency_key = {};  // of a placement: all calls of this key are one; empty: none
};

// The parameters of the method `call`. `params` is a JSON object, or empty for none.
std::string call_params(std::string_view endpoint, std::string_view params, const CallOptions& options);

// How long to wait for the daemon's answer, which it promises within the timeout.
std::chrono::milliseconds patience_of(const CallOptions& options);

}  // namespace krakken::client
