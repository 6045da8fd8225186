// account/rate_counter, rest_counter, public_counter: when there is room, by tables.

#include "account/rate_counter.hpp"

#include "account/public_counter.hpp"
#include "account/rest_counter.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using namespace std::chrono_literals;
using account::Elapsed;
using account::RateCounter;
using account::Thousandths;

constexpr Elapsed begin = 1h;

// As if so many points had just been spent.
RateCounter with_spent(account::RateLimits limits, Thousandths points) {
    RateCounter counter(limits);
    counter.reserve(points * account::one_point);
    counter.sent(points * account::one_point, begin);
    return counter;
}

// How long a call of this cost waits.
Elapsed wait_for(const RateCounter& counter, Thousandths points, Elapsed now = begin) {
    return counter.ready_at(points * account::one_point, now) - now;
}

}  // namespace

TEST_CASE("a call waits until its cost fits below the limit, by tier") {
    struct Row {
        base::Tier tier;
        Thousandths spent;
        Thousandths cost;
        Elapsed wait;
    };
    // Kept free: a point for a cancel, and what decays in 2 s.
    const auto row = GENERATE(values<Row>({
        {base::Tier::starter, 0, 1, 0s},
        {base::Tier::starter, 12, 1, 0s},
        {base::Tier::starter, 13, 1, 2s},  // 0.66 too much
        {base::Tier::starter, 15, 1, 8'060'607us},
        {base::Tier::starter, 15, 2, 11'090'910us},
        {base::Tier::intermediate, 17, 1, 0s},
        {base::Tier::intermediate, 18, 1, 2s},
        {base::Tier::intermediate, 20, 2, 8s},
        {base::Tier::pro, 16, 1, 0s},
        {base::Tier::pro, 17, 1, 1s},
        {base::Tier::pro, 40, 1, 24s},
    }));
    CAPTURE(row.tier, row.spent, row.cost);
    const auto counter = with_spent(account::rest_limits(row.tier), row.spent);
    CHECK(wait_for(counter, row.cost) == row.wait);
    CHECK(wait_for(counter, row.cost, begin + row.wait) == 0s);
    CHECK((row.wait == 0s || wait_for(counter, row.cost, begin + row.wait - 1us) > 0s));
}

TEST_CASE("what costs nothing never waits for the counter, only for a throttle") {
    auto counter = with_spent(account::rest_limits(base::Tier::starter), 30);
    CHECK(wait_for(counter, 0) == 0s);
    counter.hold_until(begin + 7s);
    CHECK(wait_for(counter, 0) == 7s);
    counter.hold_until(begin + 3s);  // an older word
    CHECK(wait_for(counter, 0) == 7s);
    CHECK(wait_for(counter, 0, begin + 8s) == 0s);
}

TEST_CASE("a cost that never fits has room in an empty counter only") {
    const auto limits = account::rest_limits(base::Tier::starter);
    CHECK(wait_for(RateCounter(limits), 100) == 0s);
    CHECK(wait_for(with_spent(limits, 1), 100) == 3'030'304us);
}

TEST_CASE("the counter falls with time, and never below nothing") {
    auto counter = with_spent(account::rest_limits(base::Tier::starter), 2);
    CHECK(counter.used(begin + 1s) == 1670);
    CHECK(counter.used(begin + 6s) == 20);
    CHECK(counter.used(begin + 7s) == 0);
    CHECK(counter.used(begin + std::chrono::hours(24 * 36'500)) == 0);
    counter.reserve(1000);
    counter.sent(1000, begin + 10s);
    CHECK(counter.used(begin + 10s) == 1000);
}

TEST_CASE("a call under way is counted whole until it has ended, and not at all if it was never sent") {
    RateCounter counter(account::rest_limits(base::Tier::pro));
    counter.reserve(2000);
    CHECK(counter.used(begin + 1h) == 2000);
    counter.sent(2000, begin + 1h);
    CHECK(counter.used(begin + 1h + 1s) == 1000);
    counter.reserve(5000);
    counter.not_sent(5000);
    CHECK(counter.used(begin + 1h + 1s) == 1000);
    for (int call = 0; call < 17; ++call)
        counter.reserve(1000);
    CHECK(wait_for(counter, 1, begin + 1h + 2s) == 1s);  // ask again then
}

TEST_CASE("Kraken's word sets the counter to its limit, and does not lower one above it") {
    const auto limits = account::rest_limits(base::Tier::intermediate);
    RateCounter counter(limits);
    counter.exceeded(begin);
    CHECK(counter.used(begin) == 20'000);
    auto above = with_spent(limits, 30);
    above.exceeded(begin);
    CHECK(above.used(begin) == 30'000);
}

TEST_CASE("another tier holds from now on") {
    auto counter = with_spent(account::rest_limits(base::Tier::starter), 10);
    counter.configure(account::rest_limits(base::Tier::pro), begin + 10s);
    CHECK(counter.used(begin + 10s) == 6700);
    CHECK(counter.used(begin + 12s) == 4700);
}

TEST_CASE("public calls: a small burst, then one a second; and silence for some seconds if Kraken asks for it"
) {
    RateCounter counter(account::public_limits());
    int burst = 0;
    for (; wait_for(counter, 1) == 0s; ++burst) {
        counter.reserve(1000);
        counter.sent(1000, begin);
    }
    CHECK(burst == 8);
    CHECK(wait_for(counter, 1) == 1s);
    account::too_many_public_calls(counter, begin + 60s);
    CHECK(wait_for(counter, 1, begin + 60s) == 5s);
}
