// nonce/sequence by steps: what the clock does, what the bound allows, when it is renewed.

#include "nonce/sequence.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>

namespace {

using krakken::base::Nonce;
using krakken::base::NonceUnit;
using krakken::base::Time;
using krakken::nonce::Sequence;
using namespace std::chrono_literals;

constexpr Time start{std::chrono::seconds(1'700'000'000)};
constexpr std::uint64_t start_ticks = 1'700'000'000'000'000;
constexpr std::uint64_t highest = std::numeric_limits<std::int64_t>::max();

// Reserves as the lane does when the disk answers at once.
void reserve(Sequence& sequence, Time now) {
    sequence.bound_saved(sequence.wanted_bound(now), now);
}

Sequence fresh(Time now = start, NonceUnit unit = NonceUnit::microseconds) {
    Sequence sequence(0, unit);
    reserve(sequence, now);
    return sequence;
}

std::uint64_t taken(Sequence& sequence, Time now) {
    const auto nonce = sequence.take(now);
    REQUIRE(nonce);
    return nonce->value();
}

}  // namespace

TEST_CASE("nothing is given out before a bound is durable") {
    Sequence sequence(0, NonceUnit::microseconds);
    CHECK_FALSE(sequence.take(start));
    CHECK(sequence.renewal_due(start));
    CHECK(sequence.wanted_bound(start) == Nonce(start_ticks + 10'000'000));
    CHECK_FALSE(sequence.take(start));
    CHECK(sequence.last() == 0);
}

TEST_CASE("a nonce is the clock's, and one more than the last when the clock stands still") {
    Sequence sequence = fresh();
    CHECK(taken(sequence, start) == start_ticks);
    CHECK(taken(sequence, start) == start_ticks + 1);
    CHECK(taken(sequence, start) == start_ticks + 2);
    CHECK(taken(sequence, start + 1ms) == start_ticks + 1000);
    CHECK(sequence.last() == start_ticks + 1000);
}

TEST_CASE("a clock that steps back an hour does not move the sequence") {
    Sequence sequence = fresh();
    CHECK(taken(sequence, start) == start_ticks);
    CHECK(taken(sequence, start - 1h) == start_ticks + 1);
    CHECK(sequence.wanted_bound(start - 1h) == Nonce(start_ticks + 1 + 1'000'000));
    CHECK(sequence.lead(start - 1h) >= 1h);
    CHECK(taken(sequence, start + 1ms) == start_ticks + 1000);
}

TEST_CASE("a frozen clock uses the bound up to its last value and not one more") {
    Sequence sequence(start_ticks, NonceUnit::microseconds);
    sequence.bound_saved(Nonce(start_ticks + 3), start - 1h);
    CHECK(taken(sequence, start - 1h) == start_ticks + 1);
    CHECK(taken(sequence, start - 1h) == start_ticks + 2);
    CHECK(taken(sequence, start - 1h) == start_ticks + 3);
    CHECK_FALSE(sequence.take(start - 1h));
    CHECK(sequence.last() == start_ticks + 3);
    reserve(sequence, start - 1h);
    CHECK(taken(sequence, start - 1h) == start_ticks + 4);
}

TEST_CASE("a clock that jumps ten years ahead needs a new bound, and the way back does not fall") {
    constexpr Time later = start + std::chrono::years(10);
    Sequence sequence = fresh();
    CHECK(taken(sequence, start) == start_ticks);
    CHECK_FALSE(sequence.take(later));
    CHECK(sequence.renewal_due(later));
    reserve(sequence, later);
    const std::uint64_t far = taken(sequence, later);
    CHECK(far == static_cast<std::uint64_t>(later.time_since_epoch().count()));
    CHECK(taken(sequence, start) == far + 1);
    CHECK(sequence.wanted_bound(start) == Nonce(far + 1 + 1'000'000));
}

TEST_CASE("a restart begins above the durable bound") {
    Sequence before = fresh();
    const std::uint64_t last = taken(before, start);
    Sequence after(before.bound(), NonceUnit::microseconds);
    CHECK_FALSE(after.take(start));
    reserve(after, start);
    CHECK(taken(after, start) == before.bound() + 1);
    CHECK(before.bound() > last);
}

TEST_CASE("the bound is renewed when half of it is gone, by time or by count") {
    Sequence sequence = fresh();
    CHECK_FALSE(sequence.renewal_due(start));
    CHECK_FALSE(sequence.renewal_due(start + 4'999ms));
    CHECK(sequence.renewal_due(start + 5s));
    CHECK(sequence.renewal_due(start + 1h));

    // Behind the last value the clock says nothing and only values count.
    Sequence ahead(start_ticks, NonceUnit::microseconds);
    ahead.bound_saved(Nonce(start_ticks + 101), start - 1h);
    for (int i = 0; i < 49; ++i)
        taken(ahead, start - 1h);
    CHECK_FALSE(ahead.renewal_due(start - 1h));
    taken(ahead, start - 1h);
    CHECK(ahead.renewal_due(start - 1h));
}

TEST_CASE("a bound never falls") {
    Sequence sequence = fresh();
    const std::uint64_t bound = sequence.bound();
    sequence.bound_saved(Nonce(5), start);
    CHECK(sequence.bound() == bound);
}

TEST_CASE("every unit follows the clock in its own ticks") {
    const auto [unit, per_microsecond] = GENERATE(table<NonceUnit, std::uint64_t>(
        {{NonceUnit::microseconds, 1}, {NonceUnit::ten_nanoseconds, 100}, {NonceUnit::nanoseconds, 1000}}
    ));
    CAPTURE(per_microsecond);
    Sequence sequence = fresh(start, unit);
    CHECK(sequence.unit() == unit);
    CHECK(sequence.bound() == (start_ticks + 10'000'000) * per_microsecond);
    CHECK(taken(sequence, start) == start_ticks * per_microsecond);
    CHECK(taken(sequence, start) == start_ticks * per_microsecond + 1);
    CHECK(sequence.lead(start - 3s) == 3s);
    CHECK(sequence.lead(start + 3s) <= -2'999ms);
}

TEST_CASE("values end at Kraken's signed 64 bits and never wrap") {
    Sequence sequence(highest - 2, NonceUnit::nanoseconds);
    CHECK(sequence.wanted_bound(start) == Nonce(highest));
    reserve(sequence, start);
    CHECK(taken(sequence, start) == highest - 1);
    CHECK_FALSE(sequence.used_up());
    CHECK(taken(sequence, start) == highest);
    CHECK(sequence.used_up());
    CHECK_FALSE(sequence.take(start));
    reserve(sequence, start);
    CHECK_FALSE(sequence.take(start));
    CHECK(sequence.last() == highest);
}

TEST_CASE("a clock beyond what a unit can count is held at the end") {
    // The year 2500 in nanoseconds is above 2^63.
    constexpr Time far{std::chrono::sys_days(std::chrono::year(2500) / 1 / 1)};
    Sequence sequence = fresh(far, NonceUnit::nanoseconds);
    CHECK(sequence.bound() == highest);
    CHECK(taken(sequence, far) == highest);
    CHECK_FALSE(sequence.take(far));
}

TEST_CASE("a clock before 1970 counts as 1970") {
    Sequence sequence = fresh(Time(-1h));
    CHECK(taken(sequence, Time(-1h)) == 1);
    CHECK(taken(sequence, Time(-1h)) == 2);
}

TEST_CASE("a key moves to a finer unit only with a bound saved in it, and never back") {
    Sequence sequence = fresh();
    const std::uint64_t last = taken(sequence, start);
    sequence.move_to(NonceUnit::ten_nanoseconds);
    CHECK(sequence.unit() == NonceUnit::ten_nanoseconds);
    CHECK(sequence.last() == last);
    CHECK_FALSE(sequence.take(start));
    CHECK(sequence.wanted_bound(start) == Nonce((start_ticks + 10'000'000) * 100));
    reserve(sequence, start);
    CHECK(taken(sequence, start) == start_ticks * 100);
    sequence.move_to(NonceUnit::microseconds);
    CHECK(sequence.unit() == NonceUnit::ten_nanoseconds);
    CHECK(taken(sequence, start) == start_ticks * 100 + 1);  // and what was saved still counts
}

TEST_CASE("a move needs a new bound even where the clock is so far behind that the old one would do") {
    Sequence sequence(start_ticks, NonceUnit::microseconds);
    reserve(sequence, Time(1h));
    sequence.move_to(NonceUnit::nanoseconds);
    CHECK_FALSE(sequence.take(Time(1h)));
    reserve(sequence, Time(1h));
    CHECK(taken(sequence, Time(1h)) == start_ticks + 1);
}

TEST_CASE("nothing up to a floor is given out any more") {
    Sequence sequence = fresh();
    sequence.raise(start_ticks + 5);
    CHECK(taken(sequence, start) == start_ticks + 6);
    sequence.raise(start_ticks);
    CHECK(taken(sequence, start) == start_ticks + 7);

    const std::uint64_t above = sequence.bound() + 100;
    sequence.raise(above);
    CHECK_FALSE(sequence.take(start));
    reserve(sequence, start);
    CHECK(sequence.bound() > above);
    CHECK(taken(sequence, start) == above + 1);
    sequence.raise(~std::uint64_t{0});
    CHECK(sequence.used_up());
}
