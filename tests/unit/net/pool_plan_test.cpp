// The pool's decisions by tables: no sockets, no waiting.

#include "net/pool_plan.hpp"

#include <catch2/catch.hpp>

using namespace krakken::net;
using namespace std::chrono_literals;

namespace {

const TimePoint now = TimePoint{} + 24h;
const PoolLimits limits{16s, 4};  // fresh for 12 s

PoolState warm_state(std::size_t warm, std::vector<Duration> ages) {
    PoolState state;
    state.warm = warm;
    state.last_call = now - 1s;
    for (const Duration age : ages) {
        state.idle_since.push_back(now - age);
    }
    return state;
}

}  // namespace

TEST_CASE("pool: nothing to do, nothing to wait for", "[net]") {
    const PoolPlan plan = plan_pool(PoolState{}, limits, now);
    CHECK(plan.dial == 0);
    CHECK(plan.expired == 0);
    CHECK_FALSE(plan.look);
}

TEST_CASE("pool: an idle connection ends exactly at its age", "[net]") {
    const PoolPlan before = plan_pool(warm_state(0, {16s - 1ns, 3s}), limits, now);
    CHECK(before.expired == 0);
    CHECK(*before.look == now + 1ns);
    const PoolPlan at = plan_pool(warm_state(0, {20s, 16s, 3s}), limits, now);
    CHECK(at.expired == 2);
    CHECK(*at.look == now + 13s);
}

TEST_CASE("pool: every waiting call gets a connection within the limit", "[net]") {
    PoolState state;
    state.waiting = 3;
    CHECK(plan_pool(state, limits, now).dial == 3);
    state.dialing = 2;
    CHECK(plan_pool(state, limits, now).dial == 1);
    state.busy = 2;
    CHECK(plan_pool(state, limits, now).dial == 0);
    state.waiting = 100;
    state.dialing = 0;
    CHECK(plan_pool(state, limits, now).dial == 2);
    state.busy = 5;  // more than the limit never happens, but must not wrap around
    CHECK(plan_pool(state, limits, now).dial == 0);
}

TEST_CASE("pool: the missing warm ones are opened", "[net]") {
    CHECK(plan_pool(warm_state(2, {}), limits, now).dial == 2);
    CHECK(plan_pool(warm_state(2, {1s}), limits, now).dial == 1);
    CHECK(plan_pool(warm_state(2, {2s, 1s}), limits, now).dial == 0);
    CHECK(plan_pool(warm_state(9, {}), limits, now).dial == 4);
    PoolState state = warm_state(2, {});
    state.dialing = 1;
    CHECK(plan_pool(state, limits, now).dial == 1);
    state.waiting = 1;  // takes the one that is coming
    CHECK(plan_pool(state, limits, now).dial == 2);
    state = warm_state(1, {});
    state.busy = 1;  // carries a call, so that another is the spare
    CHECK(plan_pool(state, limits, now).dial == 1);
}

TEST_CASE("pool: a warm one is replaced before it is too old", "[net]") {
    const PoolPlan fresh = plan_pool(warm_state(1, {11s}), limits, now);
    CHECK(fresh.dial == 0);
    CHECK(*fresh.look == now + 1s);
    const PoolPlan stale = plan_pool(warm_state(1, {12s}), limits, now);
    CHECK(stale.dial == 1);
    CHECK(stale.expired == 0);  // serves until the new one is there, and until its own end
    const PoolPlan pair = plan_pool(warm_state(2, {11s, 5s, 1s}), limits, now);
    CHECK(pair.dial == 0);
    CHECK(*pair.look == now + 5s);  // the oldest's end; the second newest is fresh until 7 s from now
}

TEST_CASE("pool: keeping warm ends some minutes after the last call", "[net]") {
    PoolState state = warm_state(2, {});
    state.last_call = now - warm_after_last_call + 1ns;
    CHECK(plan_pool(state, limits, now).dial == 2);
    state.last_call = now - warm_after_last_call;
    const PoolPlan over = plan_pool(state, limits, now);
    CHECK(over.dial == 0);
    CHECK_FALSE(over.look);
}

TEST_CASE("pool: after failures only a waiting call opens a connection", "[net]") {
    PoolState state = warm_state(2, {});
    state.retry_at = now + 3s;
    const PoolPlan paused = plan_pool(state, limits, now);
    CHECK(paused.dial == 0);
    CHECK(*paused.look == now + 3s);
    state.waiting = 1;
    CHECK(plan_pool(state, limits, now).dial == 1);
    state.waiting = 0;
    CHECK(plan_pool(state, limits, now + 3s).dial == 2);
}

TEST_CASE("pool: pauses double and stay bounded", "[net]") {
    CHECK(pause_after(1) == 1s);
    CHECK(pause_after(2) == 2s);
    CHECK(pause_after(6) == 32s);
    CHECK(pause_after(7) == 60s);
    CHECK(pause_after(4'000'000'000U) == 60s);
}
