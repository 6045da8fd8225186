#pragma once

// What a pool of connections should do next, as a plain function of what it has: no sockets, no clock, no
// Asio. Connections become old by idling; a warm pool opens a successor before that.

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace krakken::net {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// Keeping warm ends this long after the last call: idle accounts cost neither Kraken nor us anything.
inline constexpr std::chrono::minutes warm_after_last_call{5};

struct PoolLimits {
    Duration max_idle{};
    std::size_t max_connections = 0;
};

struct PoolState {
    std::vector<TimePoint> idle_since;  // oldest first
    std::size_t busy = 0;               // carrying an exchange
    std::size_t dialing = 0;
    std::size_t waiting = 0;  // calls without a connection
    std::size_t warm = 0;     // wanted idle connections
    TimePoint last_call;
    TimePoint retry_at;  // after failures no connection is opened before, except for a waiting call
};

struct PoolPlan {
    std::size_t expired = 0;        // close so many of the oldest idle ones
    std::size_t dial = 0;           // begin so many new connections
    std::optional<TimePoint> look;  // ask again then, if nothing happens before
};

PoolPlan plan_pool(const PoolState& state, const PoolLimits& limits, TimePoint now);

// The pause after so many (one or more) failures in a row: 1 s, doubled each time, at most 1 minute.
std::chrono::seconds pause_after(unsigned failures);

}  // namespace krakken::net
