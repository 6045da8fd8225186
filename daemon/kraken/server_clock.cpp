#include "kraken/server_clock.hpp"

#include "base/log.hpp"

#include <chrono>

namespace krakken::kraken {

using base::Time;
using std::chrono::microseconds;

namespace {

// Less is neither worth a jump nor known well enough: an answer may have been five seconds on its way.
constexpr std::chrono::minutes tolerance{1};
constexpr std::chrono::seconds longest_round_trip{10};
constexpr std::chrono::minutes shortest_pause{1};

constexpr std::chrono::sys_seconds earliest = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
constexpr std::chrono::sys_seconds latest = std::chrono::sys_days(std::chrono::year(2100) / 1 / 1);

bool is_far(microseconds difference) {
    return std::chrono::abs(difference) > tolerance;
}

std::int64_t milliseconds_of(microseconds span) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}

}  // namespace

std::optional<Time> ServerClock::kraken_now() const {
    if (!observed_) return std::nullopt;
    return observed_->kraken + (elapsed() - observed_->elapsed);
}

Time ServerClock::now() const {
    const Time wall = wall_.now();
    const auto kraken = kraken_now();
    if (!kraken) return wall;
    const microseconds offset = *kraken - wall;
    const bool follow = is_far(offset);
    if (follow != following_) {
        following_ = follow;
        base::log(
            follow ? base::LogLevel::warn : base::LogLevel::info,
            follow ? "clock.off" : "clock.back",
            {{"kraken_ahead_ms", milliseconds_of(offset)}}
        );
    }
    return follow ? *kraken : wall;
}

void ServerClock::observe(std::chrono::sys_seconds time, microseconds before, microseconds after) {
    if (after < before || after - before > longest_round_trip) return;
    if (time < earliest || time >= latest) return;
    // The middle of the second that was told, at the middle of the round trip.
    const Time kraken = time + std::chrono::milliseconds(500);
    const microseconds middle = before + (after - before) / 2;
    const Time kraken_now = kraken + (elapsed() - middle);
    observed_ = Observation{kraken, middle, kraken_now - wall_.now()};
    ask_next_ = elapsed() + ask_every;
    now();  // tells at once that Kraken's time is followed, or no longer
}

bool ServerClock::take_ask() {
    const microseconds moment = elapsed();
    if (asked_ && moment < *asked_ + shortest_pause) return false;
    const bool stepped = observed_ && is_far(*kraken_now() - wall_.now() - observed_->offset);
    if (!stepped && moment < ask_next_) return false;
    asked_ = moment;
    return true;
}

std::optional<std::chrono::milliseconds> ServerClock::offset() const {
    const auto kraken = kraken_now();
    if (!kraken) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::milliseconds>(*kraken - wall_.now());
}

}  // namespace krakken::kraken
