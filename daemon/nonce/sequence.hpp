#pragma once

// One API key's nonces: strictly increasing, close to the clock, never above what is durably reserved.
//
// Only an upper bound is stored. It must be on disk before any value up to it is used, and runs about ten
// seconds ahead, so the way of a call does not wait for a disk; after a restart counting goes on above it.
// Kraken keeps a key's highest nonce for good, so nothing here ever falls, whatever the clock does. Sans-io;
// Kraken's rule: "Spot REST authentication", nonce.

#include "base/types.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace krakken::nonce {

// The last one there is. Kraken's documents disagree on whether a nonce is signed; below 2^63 both readings
// hold.
inline constexpr std::uint64_t highest_nonce = std::numeric_limits<std::int64_t>::max();

// The clock as a nonce of this unit; from 0 to the highest nonce.
std::uint64_t ticks(base::Time time, base::NonceUnit unit);

class Sequence {
public:
    // `last`: the durable bound, or 0 for a key that was never used here.
    Sequence(std::uint64_t last, base::NonceUnit unit) : last_(last), bound_(last), unit_(unit) {}

    // The next nonce: max(last + 1, clock). Empty: it would pass the bound; save wanted_bound() first.
    std::optional<base::Nonce> take(base::Time now);

    // The bound to save: max(last + 1,000,000, clock + 10 s), but no more than Kraken's signed 64 bits hold.
    base::Nonce wanted_bound(base::Time now) const;

    // Half of what the last save reserved is gone: save again, before a call has to wait for it.
    bool renewal_due(base::Time now) const;

    // `bound` is on disk.
    void bound_saved(base::Nonce bound, base::Time now);

    // Moves to a finer unit; a coarser one is no move. Nothing is given out again before a bound is saved, so
    // that the unit, too, is on disk before it is used.
    void move_to(base::NonceUnit unit);

    // Nothing up to `floor` is given out any more.
    void raise(std::uint64_t floor);

    // No value is left for ever: Kraken's signed 64 bits end here.
    bool used_up() const;

    std::uint64_t last() const { return last_; }
    std::uint64_t bound() const { return bound_; }
    base::NonceUnit unit() const { return unit_; }

    // How far the last nonce leads the clock; negative when the clock is ahead.
    std::chrono::milliseconds lead(base::Time now) const;

private:
    std::uint64_t ticks(base::Time time) const { return nonce::ticks(time, unit_); }
    std::uint64_t position(base::Time now) const;  // where the next nonce will be

    std::uint64_t last_;
    std::uint64_t bound_;
    std::uint64_t reserved_ = 0;  // values between position and bound when the bound was saved
    base::NonceUnit unit_;
};

}  // namespace krakken::nonce
