#include "account/rest_counter.hpp"

#include "kraken/refusal.hpp"

#include <utility>

namespace krakken::account {

using kraken::Attempt;

namespace {

Thousandths cost_of(const protocol::Endpoint& endpoint) {
    return Thousandths{endpoint.cost} * one_point;
}

}  // namespace

RateLimits rest_limits(base::Tier tier) {
    switch (tier) {
        case base::Tier::starter:
            return {15 * one_point, 330, one_point};
        case base::Tier::intermediate:
            return {20 * one_point, 500, one_point};
        case base::Tier::pro:
            return {20 * one_point, 1000, one_point};
    }
    std::unreachable();
}

void RestCounter::configure(base::Tier tier, bool on, Elapsed now) {
    on_ = on;
    counter_.configure(rest_limits(tier), now);
}

Elapsed RestCounter::ready_at(const protocol::Endpoint& endpoint, Elapsed now) const {
    if (!on_ || endpoint.effect == protocol::Effect::cancel) return now;
    return counter_.ready_at(cost_of(endpoint), now);
}

// Counted while it is off, too, so that it may be switched while calls are under way.
void RestCounter::begin(const protocol::Endpoint& endpoint) {
    counter_.reserve(cost_of(endpoint));
}

void RestCounter::end(
    const protocol::Endpoint& endpoint, const Attempt& attempt, Elapsed now, base::Time wall
) {
    if (attempt.end == Attempt::End::not_sent) return counter_.not_sent(cost_of(endpoint));
    counter_.sent(cost_of(endpoint), now);
    const auto exceeded = kraken::exceeded_limits(attempt.answer.errors, wall);
    if (exceeded.calls || attempt.too_many) counter_.exceeded(now);
    if (exceeded.throttled_for) counter_.hold_until(now + *exceeded.throttled_for);
}

}  // namespace krakken::account
