#pragma once

// Kraken's REST call counter of one API key.

#include "account/rate_counter.hpp"
#include "base/types.hpp"
#include "kraken/api.hpp"
#include "protocol/endpoints.hpp"

namespace krakken::account {

// One point stays free for a cancel, which costs one unless it is CancelOrder and must not be refused because
// somebody reads a lot.
RateLimits rest_limits(base::Tier tier);

class RestCounter {
public:
    explicit RestCounter(base::Tier tier = base::Tier::intermediate) : counter_(rest_limits(tier)) {}

    // Off: everything fits.
    void configure(base::Tier tier, bool on, Elapsed now);

    // When there is room for a call of this endpoint: `now`, or later. Always for cancels.
    Elapsed ready_at(const protocol::Endpoint& endpoint, Elapsed now) const;

    // Around each request that goes out.
    void begin(const protocol::Endpoint& endpoint);
    void end(
        const protocol::Endpoint& endpoint, const kraken::Attempt& attempt, Elapsed now, base::Time wall
    );

    bool on() const { return on_; }
    const RateCounter& counter() const { return counter_; }

private:
    RateCounter counter_;
    bool on_ = true;
};

}  // namespace krakken::account
