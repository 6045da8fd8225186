#include "account/rest_counter.hpp"

#include <utility>

namespace krakken::account {

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

RateCounter& RestCounters::of(const base::KeyId& key, base::Tier tier, Elapsed now) {
    const auto [place, added] = counters_.try_emplace(key, rest_limits(tier));
    if (!added) place->second.configure(rest_limits(tier), now);
    return place->second;
}

}  // namespace krakken::account
