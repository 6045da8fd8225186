// account/settling: what proves that an order was placed, what that it was not, and what nothing at all.

#include "account/settling.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using account::Finding;
using account::Moment;
using account::Settling;
using account::Sought;
using account::Trace;
using namespace std::chrono_literals;

const base::Time t0{std::chrono::seconds(1'700'000'000)};

Sought order(std::optional<base::Time> deadline = t0 + 10s) {
    Sought sought;
    sought.kind = Sought::Kind::orders;
    sought.rows.emplace_back();
    sought.deadline = deadline;
    return sought;
}

Finding one(std::string id = "O1") {
    return {.traces = {Trace{std::move(id), "{}"}}};
}

struct Fixture {
    explicit Fixture(Sought wanted = order()) : sought(std::move(wanted)), machine(sought, at(0s), {}) {}

    // Seconds since the answer was known to be lost, at t0 by Kraken's clock.
    static Moment at(std::chrono::microseconds after) { return {after, t0 + after}; }

    template <class Wanted>
    bool wants(std::chrono::microseconds after) {
        return std::holds_alternative<Wanted>(machine.next(at(after)));
    }
    void looked(std::chrono::microseconds after, std::vector<Finding> findings) {
        machine.looked(at(after), std::move(findings), at(after));
    }

    Sought sought;
    Settling machine;
};

}  // namespace

TEST_CASE("settling: the fence comes first, then one look") {
    Fixture fixture;
    CHECK(fixture.wants<Settling::AskFence>(0s));
    fixture.machine.fenced(0);
    CHECK(fixture.wants<Settling::LookUp>(0s));
}

TEST_CASE("settling: what is found once was placed, at any time") {
    const auto window =
        GENERATE(std::optional<std::uint64_t>(0), std::optional<std::uint64_t>(5), std::nullopt);
    Fixture fixture;
    fixture.machine.fenced(window);
    fixture.looked(1s, {one()});
    CHECK(fixture.wants<Settling::Placed>(1s));
}

TEST_CASE(
    "settling: not placed wants fence, window 0, deadline, patience, and a whole look behind all of them"
) {
    Fixture fixture;
    fixture.machine.fenced(0);
    fixture.looked(24s, {Finding{}});
    CHECK(fixture.wants<Settling::Wait>(24s));
    CHECK(fixture.wants<Settling::LookUp>(29s));
    // Begun too early, although it ended late enough.
    fixture.machine.looked(fixture.at(24s), {Finding{}}, fixture.at(30s));
    CHECK(fixture.wants<Settling::Wait>(30s));
    fixture.looked(25s, {Finding{}});
    CHECK(fixture.wants<Settling::NotPlaced>(40s));
}

TEST_CASE("settling: without one of the proofs nothing is proved by absence") {
    SECTION("a window") {
        Fixture fixture;
        fixture.machine.fenced(10);
        fixture.looked(30s, {Finding{}});
        CHECK(fixture.wants<Settling::Unknown>(30s));
    }
    SECTION("a window that nobody knows") {
        Fixture fixture;
        fixture.machine.fenced(std::nullopt);
        fixture.looked(30s, {Finding{}});
        CHECK(fixture.wants<Settling::Unknown>(30s));
    }
    SECTION("a key that is gone") {
        Fixture fixture;
        fixture.machine.no_fence();
        fixture.looked(30s, {Finding{}});
        CHECK(fixture.wants<Settling::Unknown>(30s));
    }
    SECTION("no deadline") {
        Fixture fixture(order(std::nullopt));
        fixture.machine.fenced(0);
        fixture.looked(74s, {Finding{}});
        CHECK(fixture.wants<Settling::Wait>(74s));
        fixture.looked(75s, {Finding{}});
        CHECK(fixture.wants<Settling::Unknown>(75s));
    }
    SECTION("a deadline that Kraken would not have taken") {
        Fixture fixture(order(t0 + 24h));
        fixture.machine.fenced(0);
        fixture.looked(75s, {Finding{}});
        CHECK(fixture.wants<Settling::Unknown>(75s));
    }
    SECTION("something that may be it") {
        Fixture fixture;
        fixture.machine.fenced(0);
        fixture.looked(30s, {Finding{.traces = {}, .unclear = true}});
        CHECK(fixture.wants<Settling::Unknown>(30s));
    }
    SECTION("two that may be it") {
        Fixture fixture;
        fixture.machine.fenced(0);
        Finding two = one();
        two.traces.push_back(Trace{"O2", "{}"});
        fixture.looked(1s, {two});
        CHECK(fixture.wants<Settling::Wait>(1s));
        fixture.looked(30s, {two});
        CHECK(fixture.wants<Settling::Unknown>(30s));
    }
    SECTION("a key that may not look") {
        Fixture fixture;
        fixture.machine.fenced(0);
        fixture.machine.look_failed(fixture.at(1s), true);
        CHECK(fixture.wants<Settling::Unknown>(1s));
    }
    SECTION("a kind of call that leaves nothing to be found by") {
        Sought sought = order();
        sought.kind = Sought::Kind::nothing;
        Fixture fixture(sought);
        CHECK(fixture.wants<Settling::Unknown>(0s));
    }
}

TEST_CASE("settling: an order that has traded and does not show yet is waited for, and not for ever") {
    const Finding hidden{.traces = {}, .unclear = true, .hidden = true};
    Fixture fixture;
    fixture.machine.fenced(0);
    fixture.looked(26s, {hidden});
    CHECK(fixture.wants<Settling::Wait>(26s));
    CHECK(fixture.wants<Settling::LookUp>(27s));
    SECTION("it was another's") {
        fixture.looked(27s, {Finding{}});
        CHECK(fixture.wants<Settling::NotPlaced>(27s));
    }
    SECTION("it was this one") {
        fixture.looked(27s, {one()});
        CHECK(fixture.wants<Settling::Placed>(27s));
    }
    SECTION("it never shows") {
        fixture.looked(41s, {hidden});
        CHECK(fixture.wants<Settling::Unknown>(41s));
    }
}

TEST_CASE("settling: the deadline is told by Kraken's clock alone, which is asked for") {
    Fixture fixture;
    fixture.machine.fenced(0);
    const Moment blind{100s, std::nullopt};
    CHECK(std::holds_alternative<Settling::AskTime>(fixture.machine.next(blind)));
    fixture.machine.time_asked();
    CHECK(std::holds_alternative<Settling::LookUp>(fixture.machine.next(blind)));  // finding needs no clock
    fixture.machine.looked(blind, {Finding{}}, blind);
    CHECK_FALSE(std::holds_alternative<Settling::NotPlaced>(fixture.machine.next({200s, std::nullopt})));
}

TEST_CASE("settling: what fails is asked again, ever more slowly, and a look aims at the moment that decides"
) {
    Fixture fixture;
    std::chrono::microseconds now{0};
    const auto pause = [&] {
        const auto step = fixture.machine.next(fixture.at(now));
        REQUIRE(std::holds_alternative<Settling::Wait>(step));
        return std::get<Settling::Wait>(step).pause;
    };
    for (const auto expected : {500ms, 2000ms, 8000ms, 8000ms}) {
        REQUIRE(fixture.wants<Settling::AskFence>(now));
        fixture.machine.fence_failed();
        REQUIRE(fixture.wants<Settling::LookUp>(now));
        fixture.machine.look_failed(fixture.at(now), false);
        CHECK(pause() == expected);
        now += expected;
    }
    fixture.machine.fenced(0);
    now = 24s;
    fixture.looked(now, {Finding{}});
    CHECK(pause() == 1s);
}

TEST_CASE("settling: without a fence absence waits, and not for ever") {
    Fixture fixture;
    fixture.machine.fence_failed();
    fixture.looked(30s, {Finding{}});
    CHECK(fixture.wants<Settling::Wait>(30s));
    CHECK(fixture.wants<Settling::AskFence>(9min));
    SECTION("it comes, and a look behind it proves") {
        fixture.machine.fenced(0);
        CHECK(fixture.wants<Settling::LookUp>(9min));
        fixture.looked(9min, {Finding{}});
        CHECK(fixture.wants<Settling::NotPlaced>(9min));
    }
    SECTION("it never comes") {
        CHECK(fixture.wants<Settling::Unknown>(10min));
    }
    SECTION("the time in which it could not ask does not count") {
        fixture.machine.waited_for_its_turn(2min);
        CHECK(fixture.wants<Settling::AskFence>(11min));
        CHECK(fixture.wants<Settling::Unknown>(12min));
    }
    SECTION("what is found needs none") {
        fixture.looked(9min, {one()});
        CHECK(fixture.wants<Settling::Placed>(9min));
    }
}

TEST_CASE("settling: each row of a batch has its own fate") {
    Sought batch = order();
    batch.rows.resize(3);
    Fixture fixture(batch);
    fixture.machine.fenced(0);
    fixture.looked(1s, {one("O1"), Finding{}, one("O3")});
    CHECK(fixture.wants<Settling::Wait>(1s));
    SECTION("one was refused beside the others") {
        fixture.looked(30s, {one("O1"), Finding{}, one("O3")});
        const auto step = fixture.machine.next(fixture.at(30s));
        REQUIRE(std::holds_alternative<Settling::Placed>(step));
        CHECK(std::get<Settling::Placed>(step).findings.at(1).is_none());
    }
    SECTION("one is open, and so is the call") {
        fixture.looked(30s, {one("O1"), Finding{.traces = {}, .unclear = true}, one("O3")});
        CHECK(fixture.wants<Settling::Unknown>(30s));
    }
    SECTION("none is there") {
        fixture.looked(30s, {Finding{}, Finding{}, Finding{}});
        CHECK(fixture.wants<Settling::NotPlaced>(30s));
    }
}

TEST_CASE("settling: after a restart a deadline long past needs one fence and one look") {
    Fixture fixture(order(t0 - 1h));
    fixture.machine.fenced(0);
    fixture.looked(0s, {Finding{}});
    CHECK(fixture.wants<Settling::NotPlaced>(0s));
}
