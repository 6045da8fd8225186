// account/lane: floors of old programs, imported nonces, and what clocks and slow disks do to several keys.

#include "support/bench.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using account::Lane;
using base::NonceUnit;
using kraken::Attempt;
using protocol::ErrorCode;
using protocol::find_endpoint;
using protocol::Result;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

const base::KeyId key{"0123abcd"};
constexpr std::uint64_t now_us = 1'700'000'000'000'000;  // where the bench's clock stands
constexpr std::uint64_t day = 86'400'000'000;

struct Fixture : test::Bench {
    Fixture() { keeper.hold("master", key.hex()); }

    auto send(std::chrono::milliseconds time = 1h) {
        const auto deadline = steady_clock::now() + time;
        return lane->send({*find_endpoint("Balance"), parameters, {deadline, deadline}});
    }
    std::uint64_t sent() {
        REQUIRE(loop.run(send()));
        return upstream.nonces().back();
    }
    auto import(std::uint64_t floor, std::chrono::milliseconds time = 1h) {
        return lane->import(floor, steady_clock::now() + time);
    }
    void restart() { lane = std::make_shared<Lane>(services, key); }

    std::shared_ptr<Lane> lane = std::make_shared<Lane>(services, key);
    kraken::Parameters parameters = *kraken::Parameters::parse("");
};

constexpr auto soon = 100ms;  // a deadline that is not over before a loaded machine has begun with the call

// Lets the event loop go on until the deadlines of all that was begun with `soon` have passed.
void pass_soon(Fixture& fixture) {
    fixture.loop.poll();
    const auto moment = steady_clock::now() + soon + 1ms;
    while (steady_clock::now() < moment)
        fixture.loop.poll();
    fixture.loop.poll();
}

}  // namespace

TEST_CASE("a key goes on above the floor of an old program, in the unit that it implies") {
    const auto [floor, first, unit] = GENERATE(table<std::uint64_t, std::uint64_t, NonceUnit>(
        {{1'700'000'000'000, now_us, NonceUnit::microseconds},
         {now_us + day, now_us + day + 1, NonceUnit::microseconds},
         {now_us * 100 + 7, now_us * 100 + 8, NonceUnit::ten_nanoseconds},
         {(now_us - day) * 1000, now_us * 1000, NonceUnit::nanoseconds}}
    ));
    CAPTURE(floor);
    Fixture fixture;
    fixture.lane->raise_floor(floor);
    fixture.lane->raise_floor(5);
    CHECK(fixture.sent() == first);
    CHECK(fixture.lane->sequence()->unit() == unit);
    CHECK(fixture.store.marks.at(key).unit == unit);
    CHECK(fixture.store.bound(key) > first);

    fixture.restart();
    CHECK(fixture.sent() > first);
    CHECK(fixture.lane->sequence()->unit() == unit);
}

TEST_CASE("a floor below the mark changes nothing") {
    Fixture fixture;
    fixture.store.marks.insert_or_assign(
        key, state::NonceMark{base::Nonce(now_us * 1000), NonceUnit::nanoseconds}
    );
    fixture.lane->raise_floor(now_us * 100);
    CHECK(fixture.sent() == now_us * 1000 + 1);
}

TEST_CASE("an absurd floor is ignored, by the clock of the key's first use") {
    Fixture fixture;
    fixture.lane->raise_floor((now_us + 2 * day) * 1000);
    SECTION("absurd") {
        CHECK(fixture.sent() == now_us);
    }
    SECTION("our clock was wrong and Kraken's is known by then") {
        const auto kraken = std::chrono::floor<std::chrono::seconds>(fixture.clock.time) + 48h;
        fixture.server_clock.observe(kraken, fixture.clock.passed, fixture.clock.passed);
        CHECK(fixture.sent() > (now_us + 2 * day) * 1000);
    }
}

TEST_CASE("an imported nonce is on disk before it is confirmed") {
    Fixture fixture;
    fixture.store.saves_held.close();
    const auto imported = fixture.loop.start(fixture.import(now_us * 1000 + 9));
    fixture.loop.poll();
    CHECK_FALSE(imported->has_value());
    CHECK(fixture.lane->busy());
    fixture.store.saves_held.open();
    fixture.loop.run();
    REQUIRE(imported->has_value());
    CHECK(**imported == now_us * 1000 + 9);
    CHECK(fixture.store.bound(key) >= now_us * 1000 + 9);
    CHECK(fixture.store.marks.at(key).unit == NonceUnit::nanoseconds);
    CHECK(fixture.upstream.requests.empty());
    fixture.restart();
    CHECK(fixture.sent() > now_us * 1000 + 9);
}

TEST_CASE("a nonce below the present one leaves it") {
    Fixture fixture;
    const std::uint64_t last = fixture.sent();
    const std::size_t saves = fixture.store.saves;
    CHECK(fixture.loop.run(fixture.import(last - 1)) == last);
    CHECK(fixture.loop.run(fixture.import(0)) == last);
    CHECK(fixture.store.saves == saves);
    CHECK(fixture.loop.run(fixture.import(last + 1'000)) == last + 1'000);
    CHECK(fixture.sent() == last + 1'001);
}

TEST_CASE("an absurd nonce is not imported") {
    Fixture fixture;
    const auto imported = fixture.loop.run(fixture.import((now_us + 2 * day) * 1000));
    REQUIRE_FALSE(imported);
    CHECK(imported.error().code == ErrorCode::invalid_params);
    CHECK_FALSE(imported.error().remedy.empty());
    CHECK(fixture.sent() == now_us);
}

TEST_CASE("an import waits for its turn, and for a save that began below it") {
    Fixture fixture;
    fixture.sent();
    fixture.clock.advance(6s);
    fixture.store.saves_held.close();
    fixture.upstream.held.close();
    const auto call = fixture.loop.start(fixture.send());
    const auto imported = fixture.loop.start(fixture.import(now_us * 1000));
    fixture.loop.poll();
    CHECK(fixture.store.saves == 2);  // the renewal of the call
    fixture.upstream.held.open();
    fixture.loop.poll();
    CHECK(call->has_value());
    CHECK(fixture.store.saves == 2);
    fixture.store.saves_held.open_for_one();
    fixture.loop.poll();
    CHECK(fixture.store.saves == 3);
    CHECK_FALSE(imported->has_value());
    fixture.store.saves_held.open();
    fixture.loop.run();
    CHECK(**imported == now_us * 1000);
    CHECK(fixture.store.marks.at(key).unit == NonceUnit::nanoseconds);
}

TEST_CASE("an import that cannot be written is not confirmed") {
    Fixture fixture;
    fixture.sent();
    fixture.store.fail_after(0);
    const auto imported = fixture.loop.run(fixture.import(now_us * 1000));
    REQUIRE_FALSE(imported);
    CHECK(imported.error().code == ErrorCode::storage);
}

TEST_CASE("an import whose save did not end in time is not confirmed by a second one before it is on disk") {
    Fixture fixture;
    fixture.sent();
    fixture.store.saves_held.close();
    const auto late = fixture.loop.start(fixture.import(now_us * 1000, soon));
    pass_soon(fixture);
    REQUIRE(late->has_value());
    CHECK((*late)->error().code == ErrorCode::timeout);
    const auto again = fixture.loop.start(fixture.import(now_us * 1000));
    fixture.loop.poll();
    CHECK_FALSE(again->has_value());
    fixture.store.saves_held.open();
    fixture.loop.run();
    REQUIRE(again->has_value());
    CHECK(**again == now_us * 1000);
    CHECK(fixture.store.bound(key) >= now_us * 1000);
}

TEST_CASE("a disk that hangs holds no reply beyond its deadline, and counts when it answers later") {
    Fixture fixture;
    test::Barrier& disk = GENERATE(false, true) ? fixture.store.reads_held : fixture.store.saves_held;
    disk.close();
    const auto late = fixture.loop.start(fixture.send(soon));
    const auto import_too_late = fixture.loop.start(fixture.import(now_us + 5, soon));
    pass_soon(fixture);
    REQUIRE(late->has_value());
    REQUIRE_FALSE((*late)->has_value());
    CHECK((*late)->error().code == ErrorCode::timeout);
    CHECK((*late)->error().retryable);
    CHECK((*late)->error().executed == protocol::Executed::no);
    REQUIRE(import_too_late->has_value());
    CHECK((*import_too_late)->error().code == ErrorCode::timeout);
    CHECK_FALSE(fixture.lane->busy());
    CHECK(disk.waiting() == 1);  // it was asked once, and goes on

    // The next call waits for the same answer, and asks for nothing that is asked for already.
    const auto next = fixture.loop.start(fixture.send());
    fixture.loop.poll();
    CHECK(disk.waiting() == 1);
    disk.open();
    fixture.loop.run();
    REQUIRE(next->has_value());
    REQUIRE((*next)->has_value());
    CHECK(fixture.upstream.nonces() == std::vector<std::uint64_t>{now_us});
    CHECK(fixture.store.saves == 1);
    CHECK(fixture.store.bound(key) == now_us + 10'000'000);
}

TEST_CASE("a disk that fails after the call has gone stops the next one") {
    Fixture fixture;
    fixture.store.saves_held.close();
    fixture.store.fail_after(1);
    const auto late = fixture.loop.start(fixture.send(soon));
    pass_soon(fixture);
    REQUIRE(late->has_value());
    fixture.store.saves_held.open();
    fixture.loop.run();
    CHECK(fixture.loop.run(fixture.send()).error().code == ErrorCode::storage);
    CHECK(fixture.upstream.requests.empty());
}

TEST_CASE("whatever the clock does between restarts, nonces rise and stay below the bound on disk") {
    Fixture fixture;
    bool above_bound = false;
    fixture.upstream.otherwise = [&](const net::Request&) {
        above_bound |= fixture.upstream.nonces().back() > fixture.store.bound(key);
        return test::answer("{}");
    };
    const bool kraken_is_known = GENERATE(false, true);
    if (kraken_is_known) {
        const auto right = std::chrono::floor<std::chrono::seconds>(fixture.clock.time);
        fixture.server_clock.observe(right, fixture.clock.passed, fixture.clock.passed);
    }
    const auto calls = [&fixture] {
        for (int i = 0; i < 5; ++i) {
            fixture.sent();
            fixture.clock.advance(2s);
        }
    };
    calls();
    for (const std::chrono::seconds step : {-1h, 24h, -24h, 0h}) {
        fixture.clock.time += step;
        fixture.restart();
        calls();
    }
    for (int i = 0; i < 5; ++i) {  // frozen
        fixture.clock.passed += 1h;
        fixture.sent();
        fixture.restart();
    }
    CHECK(std::ranges::is_sorted(fixture.upstream.nonces(), std::less_equal()));
    CHECK_FALSE(above_bound);
    // A wall clock that was a day ahead has left no trace where Kraken's was known.
    if (kraken_is_known) CHECK(fixture.upstream.nonces().back() < now_us + day);
}

TEST_CASE("several keys start at once, and one that fails leaves the others alone") {
    Fixture fixture;
    fixture.keeper.hold("other", "89abcdef");
    fixture.keeper.hold("third", "76543210");
    const auto other = std::make_shared<Lane>(fixture.services, base::KeyId("89abcdef"));
    const auto third = std::make_shared<Lane>(fixture.services, base::KeyId("76543210"));
    fixture.upstream.otherwise = [](const net::Request& request) {
        if (request.headers.at(0).second == "89abcdef") return test::refusal("EAPI:Invalid nonce");
        return test::answer("{}");
    };
    fixture.store.saves_held.close();
    const auto deadline = steady_clock::now() + 1h;
    std::vector<test::EventLoop::Later<Result<Attempt>>> calls;
    for (const auto& lane : {fixture.lane, other, third}) {
        for (int i = 0; i < 10; ++i)
            calls.push_back(fixture.loop.start(
                lane->send({*find_endpoint("Balance"), fixture.parameters, {deadline, deadline}})
            ));
    }
    fixture.loop.poll();
    CHECK(fixture.store.saves == 3);  // side by side
    fixture.store.saves_held.open();
    fixture.loop.run();
    for (std::size_t i = 0; i < calls.size(); ++i) {
        REQUIRE(calls[i]->has_value());
        REQUIRE((*calls[i])->has_value());
        const bool accepted = (**calls[i])->answer.errors.empty();
        CHECK(accepted == (i < 10 || i >= 20));
    }
    CHECK(fixture.lane->sequence()->unit() == NonceUnit::microseconds);
    CHECK(other->sequence()->unit() == NonceUnit::nanoseconds);
}

TEST_CASE("Kraken's time is asked again while calls are made, one question at a time") {
    Fixture fixture;
    fixture.sent();
    CHECK(fixture.upstream.targets() == std::vector<std::string>{"/0/private/Balance"});
    fixture.clock.advance(10min);
    CHECK(fixture.upstream.targets().size() == 1);  // an idle daemon asks nothing
    fixture.upstream.otherwise = [](const net::Request& request) {
        return test::answer(request.method == "GET" ? R"({"unixtime":1700004200})" : "{}");
    };
    fixture.loop.run(fixture.send());
    fixture.loop.run(fixture.send());
    CHECK(std::ranges::count(fixture.upstream.targets(), "/0/public/Time") == 1);
    CHECK(fixture.server_clock.offset() == 1h + 500ms);
    CHECK(fixture.sent() >= now_us + 4'200'000'000);
}
