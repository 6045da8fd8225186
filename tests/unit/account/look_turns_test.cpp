// account/look_turns: one lost call asks at a time, and none while Kraken refuses.

#include "account/look_turns.hpp"

#include "support/bench.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using account::LookTurns;
using Turn = std::optional<LookTurns::Turn>;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Fixture : test::Bench {
    LookTurns turns{loop.context.get_executor(), api};

    auto enter() {
        auto turn = loop.start(turns.enter());
        loop.poll();
        return turn;
    }
};

}  // namespace

TEST_CASE("look turns: the next one comes when the one before is over") {
    Fixture fixture;
    const auto first = fixture.enter();
    REQUIRE(first->has_value());
    const auto second = fixture.enter();
    const auto third = fixture.enter();
    CHECK_FALSE(second->has_value());
    first->reset();
    fixture.loop.poll();
    REQUIRE(second->has_value());
    CHECK(**second);
    CHECK_FALSE(third->has_value());
    second->reset();
    fixture.loop.poll();
    CHECK(third->has_value());
}

TEST_CASE("look turns: behind a refusal nobody asks, until the pause is over or the daemon stops") {
    Fixture fixture;
    CHECK(fixture.enter()->has_value());
    fixture.turns.refused();
    const auto waits = fixture.enter();
    const auto waits_behind = fixture.enter();
    CHECK_FALSE(waits->has_value());
    fixture.api.stop();
    fixture.loop.poll();
    REQUIRE(waits->has_value());
    CHECK_FALSE(**waits);
    REQUIRE(waits_behind->has_value());
    CHECK_FALSE(**waits_behind);
}

TEST_CASE("look turns: pauses grow until a whole round was answered") {
    Fixture fixture;
    const auto pause = [&] {
        fixture.turns.refused();
        return std::chrono::round<std::chrono::seconds>(fixture.turns.not_before() - steady_clock::now());
    };
    CHECK(pause() == 5s);
    CHECK(pause() == 15s);
    CHECK(pause() == 45s);
    CHECK(pause() == 45s);
    fixture.turns.answered();
    CHECK(pause() == 5s);
}
