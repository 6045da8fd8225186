#include "pool_plan.hpp"

#include <algorithm>

namespace krakken::net {

namespace {

// A quarter of its life before a connection is too old its successor is opened: seconds, at the default.
Duration fresh_for(const PoolLimits& limits) {
    return limits.max_idle - limits.max_idle / 4;
}

void look_at(PoolPlan& plan, TimePoint when) {
    plan.look = plan.look ? std::min(*plan.look, when) : when;
}

// How many warm connections are missing now; when there may be some missing later is put into `plan`.
std::size_t missing_warm(const PoolState& state, const PoolLimits& limits, TimePoint now, PoolPlan& plan) {
    if (state.warm == 0 || now >= state.last_call + warm_after_last_call) return 0;
    const TimePoint fresh_since = now - fresh_for(limits);
    const auto first_fresh = std::ranges::upper_bound(state.idle_since, fresh_since);
    const auto fresh = static_cast<std::size_t>(state.idle_since.end() - first_fresh);
    const std::size_t spare_dials = state.dialing - std::min(state.dialing, state.waiting);
    if (fresh + spare_dials >= state.warm) {
        // The last one that counts: when it is no longer fresh, one is missing.
        const std::size_t needed = state.warm - std::min(state.warm, spare_dials);
        if (needed > 0)
            look_at(
                plan, *(state.idle_since.end() - static_cast<std::ptrdiff_t>(needed)) + fresh_for(limits)
            );
        return 0;
    }
    if (now < state.retry_at) {
        look_at(plan, state.retry_at);
        return 0;
    }
    return state.warm - fresh - spare_dials;
}

}  // namespace

PoolPlan plan_pool(const PoolState& state, const PoolLimits& limits, TimePoint now) {
    PoolPlan plan;
    PoolState left = state;
    const auto first_alive = std::ranges::upper_bound(left.idle_since, now - limits.max_idle);
    plan.expired = static_cast<std::size_t>(first_alive - left.idle_since.begin());
    left.idle_since.erase(left.idle_since.begin(), first_alive);
    if (!left.idle_since.empty()) look_at(plan, left.idle_since.front() + limits.max_idle);

    const std::size_t for_calls = left.waiting - std::min(left.waiting, left.dialing);
    const std::size_t for_warmth = missing_warm(left, limits, now, plan);
    const std::size_t open = left.idle_since.size() + left.busy + left.dialing;
    const std::size_t room = limits.max_connections - std::min(limits.max_connections, open);
    plan.dial = std::min(for_calls + for_warmth, room);
    return plan;
}

std::chrono::seconds pause_after(unsigned failures) {
    constexpr unsigned most_doublings = 6;
    const unsigned doublings = std::min(failures - 1, most_doublings);
    return std::min(std::chrono::seconds(60), std::chrono::seconds(1U << doublings));
}

}  // namespace krakken::net
