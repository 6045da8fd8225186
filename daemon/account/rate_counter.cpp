#include "account/rate_counter.hpp"

#include <algorithm>

namespace krakken::account {

namespace {

constexpr std::int64_t step_of_kraken = 2;  // seconds, "every couple of seconds"

}  // namespace

void RateCounter::configure(RateLimits limits, Elapsed now) {
    value_ = value(now);
    counted_at_ = now;
    limits_ = limits;
}

RateCounter::Billionths RateCounter::value(Elapsed now) const {
    const Billionths passed = std::max(now - counted_at_, Elapsed(0)).count();
    // Divided, since the product of a long time would not fit.
    if (passed >= value_ / limits_.decay_per_second + 1) return 0;
    return std::max<Billionths>(0, value_ - passed * limits_.decay_per_second);
}

Thousandths RateCounter::used(Elapsed now) const {
    return value(now) / per_thousandth + reserved_;
}

Elapsed RateCounter::ready_at(Thousandths cost, Elapsed now) const {
    const Thousandths margin = limits_.decay_per_second * step_of_kraken + limits_.kept_free;
    const Thousandths room = std::max<Thousandths>(0, limits_.limit - margin - cost);
    const Billionths excess = value(now) + (reserved_ - room) * per_thousandth;
    if (cost == 0 || excess <= 0) return std::max(now, held_until_);
    const Billionths decay = limits_.decay_per_second;
    return std::max(now + Elapsed((excess + decay - 1) / decay), held_until_);
}

void RateCounter::sent(Thousandths cost, Elapsed now) {
    reserved_ -= cost;
    value_ = value(now) + cost * per_thousandth;
    counted_at_ = std::max(counted_at_, now);
}

void RateCounter::exceeded(Elapsed now) {
    value_ = std::max(value(now), limits_.limit * per_thousandth);
    counted_at_ = std::max(counted_at_, now);
}

void RateCounter::hold_until(Elapsed when) {
    held_until_ = std::max(held_until_, when);
}

}  // namespace krakken::account
