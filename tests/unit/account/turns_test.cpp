// account/turns: order, deadlines, the bound.

#include "account/turns.hpp"

#include "support/event_loop.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace {

using krakken::account::Turns;
using krakken::test::EventLoop;
using Entry = Turns::Entry;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Fixture {
    EventLoop loop;
    Turns turns{loop.context.get_executor(), 3};

    auto enter(steady_clock::time_point deadline = steady_clock::now() + 1h) {
        auto entry = loop.start(turns.enter(deadline));
        loop.poll();
        return entry;
    }
};

}  // namespace

TEST_CASE("a free turn is taken at once, even without time to wait") {
    Fixture fixture;
    CHECK(**fixture.enter(steady_clock::time_point::min()) == Entry::entered);
    CHECK(fixture.turns.busy());
    fixture.turns.leave();
    CHECK_FALSE(fixture.turns.busy());
}

TEST_CASE("turns go in order of arrival, one at a time") {
    Fixture fixture;
    REQUIRE(**fixture.enter() == Entry::entered);
    std::vector<EventLoop::Later<Entry>> waiting;
    for (int i = 0; i < 3; ++i)
        waiting.push_back(fixture.enter());
    CHECK(fixture.turns.waiting() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t later = i; later < 3; ++later)
            CHECK_FALSE(waiting[later]->has_value());
        fixture.turns.leave();
        fixture.loop.poll();
        REQUIRE(waiting[i]->has_value());
        CHECK(**waiting[i] == Entry::entered);
    }
    CHECK(fixture.turns.busy());
    fixture.turns.leave();
    CHECK_FALSE(fixture.turns.busy());
    CHECK(fixture.turns.waiting() == 0);
}

TEST_CASE("who finds the queue full is turned away at once") {
    Fixture fixture;
    const auto first = fixture.enter();
    std::vector<EventLoop::Later<Entry>> waiting;
    for (int i = 0; i < 3; ++i)
        waiting.push_back(fixture.enter());
    CHECK(**fixture.enter() == Entry::full);
    for (int i = 0; i < 4; ++i) {
        fixture.turns.leave();
        fixture.loop.poll();
    }
    CHECK_FALSE(fixture.turns.busy());
}

TEST_CASE("who waits past the deadline goes, and the next one is not held up") {
    Fixture fixture;
    const auto first = fixture.enter();
    const auto late = fixture.enter(steady_clock::now() - 1ms);
    const auto next = fixture.enter();
    REQUIRE(late->has_value());
    CHECK(**late == Entry::too_late);
    CHECK(fixture.turns.waiting() == 1);
    fixture.turns.leave();
    fixture.loop.poll();
    REQUIRE(next->has_value());
    CHECK(**next == Entry::entered);
}

TEST_CASE("a turn that comes in the same moment as the deadline is not lost") {
    Fixture fixture;
    const auto first = fixture.enter();
    const auto late = fixture.loop.start(fixture.turns.enter(steady_clock::now() - 1ms));
    // The waiter is queued and its timer has run out, but it has not been told yet.
    fixture.loop.context.restart();
    while (fixture.turns.waiting() == 0)
        REQUIRE(fixture.loop.context.poll_one() == 1);
    const auto next = fixture.loop.start(fixture.turns.enter(steady_clock::now() + 1h));
    fixture.turns.leave();
    fixture.loop.poll();
    REQUIRE(late->has_value());
    if (**late == Entry::entered) {
        CHECK_FALSE(next->has_value());
        fixture.turns.leave();
        fixture.loop.poll();
    }
    REQUIRE(next->has_value());
    CHECK(**next == Entry::entered);
    fixture.turns.leave();
    CHECK_FALSE(fixture.turns.busy());
}
