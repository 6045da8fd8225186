#pragma once

// Kraken's REST call counter, one for each API key.

#include "account/rate_counter.hpp"
#include "base/types.hpp"

#include <map>

namespace krakken::account {

// One point stays free for a cancel, which costs one unless it is CancelOrder and must not be refused because
// somebody reads a lot.
RateLimits rest_limits(base::Tier tier);

// The counters of all keys, kept while the daemon runs.
class RestCounters {
public:
    // Stays where it is.
    RateCounter& of(const base::KeyId& key, base::Tier tier, Elapsed now);

private:
    std::map<base::KeyId, RateCounter> counters_;
};

}  // namespace krakken::account
