#include "account/public_counter.hpp"

namespace krakken::account {

RateLimits public_limits() {
    constexpr Thousandths burst = 10 * one_point;
    return {burst, one_point, 0};
}

void too_many_public_calls(RateCounter& counter, Elapsed now) {
    counter.exceeded(now);
    counter.hold_until(now + std::chrono::seconds(5));
}

}  // namespace krakken::account
