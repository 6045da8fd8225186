#pragma once

// The clock that nonces and one-time passwords follow: this machine's, unless Kraken's own is known and the
// two are more than a minute apart; then Kraken's, carried on by the time that has passed since it told its
// own. So a wall clock that was set wrong, stands still or jumps does no harm. Sans-io: Api::ask_time asks.
//
// `Time` tells whole seconds, and nobody knows when on the way it was written, so what is known of Kraken's
// time is good to half a second and half a round trip. The event loop's thread only.

#include "base/clock.hpp"

#include <chrono>
#include <optional>

namespace krakken::kraken {

class ServerClock final : public base::Clock {
public:
    // `wall` must outlive it.
    explicit ServerClock(const base::Clock& wall) : wall_(wall), ask_next_(wall.elapsed() + ask_every) {}

    base::Time now() const override;
    std::chrono::microseconds elapsed() const override { return wall_.elapsed(); }

    // Kraken has told `time`; `before` and `after` are what elapsed() was when it was asked and when it had
    // answered. An answer that took longer than 10 s, or is not of this century's years 2020 to 2100, is
    // ignored.
    void observe(
        std::chrono::sys_seconds time, std::chrono::microseconds before, std::chrono::microseconds after
    );

    // True when Kraken's time should be asked again, and at most once a minute: ten minutes after it was last
    // told (or after the start), and as soon as the wall clock has stepped since. Says so once: whoever hears
    // it asks.
    bool take_ask();

    // Kraken's own time, whether it is followed or not; empty before Kraken has told it.
    std::optional<base::Time> kraken_now() const;

    // Kraken's time minus this machine's; empty before Kraken has told it.
    std::optional<std::chrono::milliseconds> offset() const;

private:
    static constexpr std::chrono::minutes ask_every{10};

    struct Observation {
        base::Time kraken;                  // Kraken's time ...
        std::chrono::microseconds elapsed;  // ... at this moment
        std::chrono::microseconds offset;   // and how far it was ahead of the wall clock
    };

    const base::Clock& wall_;
    std::optional<Observation> observed_;
    std::chrono::microseconds ask_next_;
    std::optional<std::chrono::microseconds> asked_;
    mutable bool following_ = false;  // Kraken's time; for the log
};

}  // namespace krakken::kraken
