#pragma once

// A counter of Kraken's that calls raise and time lowers, as it must stand at Kraken at the most. Sans-io.
//
// Kraken counts a call at some moment between its request and its answer. So its cost is held as it is while
// the call is under way, and time lowers it only from the answer on: the counter here is never below
// Kraken's, but for one thing, that Kraken lowers its own "every couple of seconds"; the margin is for that.

#include <chrono>
#include <cstdint>

namespace krakken::account {

// Time by Clock::elapsed(), which never steps.
using Elapsed = std::chrono::microseconds;

// Points are counted in thousandths, since some of Kraken's costs and decays are no whole ones.
using Thousandths = std::int64_t;
inline constexpr Thousandths one_point = 1000;

struct RateLimits {
    Thousandths limit = 0;
    Thousandths decay_per_second = 1;
    Thousandths kept_free = 0;  // for calls that do not ask
};

class RateCounter {
public:
    explicit RateCounter(RateLimits limits) : limits_(limits) {}
    // Other limits from now on; the counter stays.
    void configure(RateLimits limits, Elapsed now);

    // When there is room for a call of this cost if no other is made before: `now` or later. A cost that
    // never fits has room in an empty counter, none at all has it always. Calls under way are taken to end
    // now; so ask again then.
    Elapsed ready_at(Thousandths cost, Elapsed now) const;

    // A call is made, whether there is room or not.
    void reserve(Thousandths cost) { reserved_ += cost; }
    // It was answered or given up, and may have been counted.
    void sent(Thousandths cost, Elapsed now);
    // Nothing of it left.
    void not_sent(Thousandths cost) { reserved_ -= cost; }

    // Kraken says that the limit is exceeded: others use it, too, or count otherwise than its documents.
    void exceeded(Elapsed now);
    // No room before then, whatever the counter says.
    void hold_until(Elapsed when);

    const RateLimits& limits() const { return limits_; }
    // With what is under way.
    Thousandths used(Elapsed now) const;

private:
    // What decays in a microsecond is a whole number of these, so nothing is ever rounded.
    using Billionths = std::int64_t;
    static constexpr Billionths per_thousandth = 1'000'000;

    Billionths value(Elapsed now) const;

    RateLimits limits_;
    Billionths value_ = 0;  // at `counted_at_`, without what is under way
    Elapsed counted_at_{0};
    Thousandths reserved_ = 0;
    Elapsed held_until_{0};
};

}  // namespace krakken::account
