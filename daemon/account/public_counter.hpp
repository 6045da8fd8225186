#pragma once

// The counter of public calls, one for the address of this machine. Kraken publishes no limit, only that a
// call a second stays within it: so does this, but for a small burst.

#include "account/rate_counter.hpp"

namespace krakken::account {

RateLimits public_limits();

// Kraken says that there were too many: it takes no more "for several seconds".
void too_many_public_calls(RateCounter& counter, Elapsed now);

}  // namespace krakken::account
