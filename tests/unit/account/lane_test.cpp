// account/lane: one call after another, and what stops one before it is sent.

#include "support/bench.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using account::Deadlines;
using account::Lane;
using kraken::Attempt;
using protocol::ErrorCode;
using protocol::Executed;
using protocol::find_endpoint;
using protocol::Result;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

const base::KeyId key{"0123abcd"};

struct Fixture : test::Bench {
    Fixture() { keeper.hold("master", key.hex()); }

    std::shared_ptr<Lane> lane = std::make_shared<Lane>(services, key);
    kraken::Parameters parameters = *kraken::Parameters::parse("");

    auto send(Deadlines deadlines = {steady_clock::now() + 1h, steady_clock::now() + 1h}) {
        return lane->send({*find_endpoint("Balance"), parameters, deadlines});
    }
    Result<Attempt> sent() { return loop.run(send()); }
    ErrorCode refusal() {
        const auto attempt = sent();
        REQUIRE_FALSE(attempt);
        CHECK(attempt.error().executed == Executed::no);
        CHECK(upstream.requests.empty());
        return attempt.error().code;
    }
};

std::uint64_t ticks(base::Time time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

TEST_CASE("what sweeps is not repeated behind another act, but behind a cancel of the daemon's own") {
    Fixture fixture;
    const bool counts = GENERATE(true, false);
    const Deadlines deadlines{steady_clock::now() + 1h, steady_clock::now() + 1h};
    account::Place place;
    const auto sweep = [&] {
        return fixture.loop.run(fixture.lane->send({
            .endpoint = *find_endpoint("CancelAll"),
            .parameters = fixture.parameters,
            .deadlines = deadlines,
            .place = &place,
        }));
    };
    REQUIRE(sweep());
    REQUIRE(fixture.loop.run(fixture.lane->send({
        .endpoint = *find_endpoint("CancelOrder"),
        .parameters = fixture.parameters,
        .deadlines = deadlines,
        .counts = counts,
    })));
    CHECK(sweep().has_value() == !counts);
    CHECK(fixture.upstream.requests.size() == (counts ? 2 : 3));
}

TEST_CASE("the first call of a key saves its bound before it sends") {
    Fixture fixture;
    fixture.store.saves_held.close();
    const auto attempt = fixture.loop.start(fixture.send());
    fixture.loop.poll();
    CHECK(fixture.store.saves == 1);
    CHECK(fixture.upstream.requests.empty());
    fixture.store.saves_held.open();
    fixture.loop.run();
    REQUIRE(attempt->has_value());
    CHECK((*attempt)->has_value());
    CHECK(fixture.upstream.nonces() == std::vector<std::uint64_t>{ticks(fixture.clock.time)});
    CHECK(fixture.store.bound(key) == ticks(fixture.clock.time) + 10'000'000);
}

TEST_CASE("the signed request is what is sent") {
    Fixture fixture;
    REQUIRE(fixture.sent());
    const auto& request = fixture.upstream.requests.at(0);
    const std::string nonce = std::to_string(ticks(fixture.clock.time));
    CHECK(request.body == "nonce=" + nonce);
    CHECK(request.headers.at(0).second == key.hex());
    CHECK(request.headers.at(1).second == "signed /0/private/Balance " + nonce);
}

TEST_CASE("after a restart nonces go on above the stored bound, in the stored unit") {
    Fixture fixture;
    const std::uint64_t bound = ticks(fixture.clock.time) * 1000 + 5;
    fixture.store.marks.insert_or_assign(
        key, state::NonceMark{base::Nonce(bound), base::NonceUnit::nanoseconds}
    );
    REQUIRE(fixture.sent());
    CHECK(fixture.upstream.nonces().at(0) == bound + 1);
    CHECK(fixture.lane->sequence()->unit() == base::NonceUnit::nanoseconds);
    CHECK(fixture.store.marks.at(key).unit == base::NonceUnit::nanoseconds);
}

TEST_CASE("a mark that cannot be read stops the call and nothing is sent") {
    Fixture fixture;
    fixture.store.fail_after(0);
    CHECK(fixture.refusal() == ErrorCode::storage);
    CHECK_FALSE(fixture.lane->sequence());
}

TEST_CASE("a bound that cannot be written stops this call and every later one") {
    Fixture fixture;
    fixture.store.fail_after(1);
    CHECK(fixture.refusal() == ErrorCode::storage);
    CHECK(fixture.refusal() == ErrorCode::storage);
    fixture.clock.time += 1h;
    CHECK(fixture.refusal() == ErrorCode::storage);
}

TEST_CASE("a failed background save stops calls although values are left") {
    Fixture fixture;
    REQUIRE(fixture.sent());
    fixture.store.fail_after(0);
    fixture.clock.time += 6s;
    REQUIRE(fixture.sent());  // within the bound; the renewal behind it fails
    const auto attempt = fixture.sent();
    REQUIRE_FALSE(attempt);
    CHECK(attempt.error().code == ErrorCode::storage);
    CHECK(fixture.upstream.requests.size() == 2);
}

TEST_CASE("half a bound later it is renewed in the background, once, and calls go on meanwhile") {
    Fixture fixture;
    REQUIRE(fixture.sent());
    CHECK(fixture.store.saves == 1);
    fixture.clock.time += 6s;
    fixture.store.saves_held.close();
    for (int i = 0; i < 5; ++i) {
        const auto attempt = fixture.loop.start(fixture.send());
        fixture.loop.poll();
        CHECK(attempt->has_value());
    }
    CHECK(fixture.store.saves == 2);
    const std::uint64_t before = fixture.lane->sequence()->bound();
    fixture.store.saves_held.open();
    fixture.loop.run();
    CHECK(fixture.lane->sequence()->bound() == before + 6'000'000);
    CHECK(fixture.store.bound(key) == before + 6'000'000);
}

TEST_CASE("a clock that jumps while the bound is being saved delays a call and does not end the key") {
    Fixture fixture;
    fixture.store.saves_held.close();
    const auto attempt = fixture.loop.start(fixture.send());
    fixture.loop.poll();
    fixture.clock.time += 1h;
    fixture.store.saves_held.open();
    fixture.loop.run();
    REQUIRE(attempt->has_value());
    REQUIRE((*attempt)->has_value());
    CHECK(fixture.upstream.nonces().at(0) <= fixture.store.bound(key));
    CHECK(fixture.store.saves == 2);
}

TEST_CASE("a bound that is saved only after the call's deadline lets nothing out") {
    Fixture fixture;
    fixture.store.saves_held.close();
    const auto deadline = steady_clock::now() + 100ms;  // not over before a loaded machine has begun
    const auto attempt = fixture.loop.start(fixture.send({deadline, deadline}));
    fixture.loop.poll();
    REQUIRE(fixture.store.saves == 1);
    while (steady_clock::now() < deadline)
        fixture.loop.poll();
    fixture.store.saves_held.open();
    fixture.loop.run();
    REQUIRE(attempt->has_value());
    REQUIRE_FALSE((*attempt)->has_value());
    CHECK((*attempt)->error().code == ErrorCode::timeout);
    CHECK(fixture.upstream.requests.empty());
}

TEST_CASE("a key whose nonces are used up says so") {
    Fixture fixture;
    constexpr std::uint64_t highest = 9223372036854775807;
    fixture.store.marks.insert_or_assign(key, state::NonceMark{base::Nonce(highest)});
    CHECK(fixture.refusal() == ErrorCode::nonce);
}

TEST_CASE("a locked keeper stops a call before it is sent") {
    Fixture fixture;
    fixture.keeper.lock();
    CHECK(fixture.refusal() == ErrorCode::locked);
    CHECK_FALSE(fixture.lane->busy());
}

TEST_CASE("a lock between two calls stops the second; the first one finishes") {
    Fixture fixture;
    fixture.upstream.held.close();
    const auto first = fixture.loop.start(fixture.send());
    const auto second = fixture.loop.start(fixture.send());
    fixture.loop.poll();
    fixture.keeper.lock();
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((*first)->has_value());
    REQUIRE_FALSE((*second)->has_value());
    CHECK((*second)->error().code == ErrorCode::locked);
    CHECK(fixture.upstream.requests.size() == 1);
}

TEST_CASE("a call whose turn does not come in time is not sent") {
    Fixture fixture;
    fixture.upstream.held.close();
    const auto first = fixture.loop.start(fixture.send());
    fixture.loop.poll();
    const auto late = fixture.loop.start(fixture.send({steady_clock::now(), steady_clock::now() + 1h}));
    fixture.loop.poll();
    CHECK(fixture.lane->busy());
    REQUIRE(late->has_value());
    CHECK((*late)->error().code == ErrorCode::timeout);
    CHECK((*late)->error().executed == Executed::no);
    CHECK((*late)->error().retryable);
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK(fixture.upstream.requests.size() == 1);
    CHECK_FALSE(fixture.lane->busy());
}

TEST_CASE("a call whose deadline has passed is not sent though the lane is free") {
    Fixture fixture;
    const auto attempt =
        fixture.loop.run(fixture.send({steady_clock::now() - 1ms, steady_clock::now() - 1ms}));
    REQUIRE_FALSE(attempt);
    CHECK(attempt.error().code == ErrorCode::timeout);
    CHECK(fixture.upstream.requests.empty());
    CHECK(fixture.sent());
}

TEST_CASE("more calls than a lane takes are turned away") {
    Fixture fixture;
    fixture.upstream.held.close();
    std::vector<test::EventLoop::Later<Result<Attempt>>> calls;
    for (int i = 0; i < 258; ++i) {
        calls.push_back(fixture.loop.start(fixture.send()));
        fixture.loop.poll();
    }
    CHECK(fixture.lane->waiting() == 256);
    REQUIRE(calls.back()->has_value());
    CHECK((*calls.back())->error().code == ErrorCode::overloaded);
    CHECK((*calls.back())->error().retryable);
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK(fixture.upstream.requests.size() == 257);
}

TEST_CASE("a call that waits when the daemon stops is not sent; the one on its way is seen to its end") {
    Fixture fixture;
    fixture.upstream.held.close();
    const auto on_its_way = fixture.loop.start(fixture.send());
    const auto waiting = fixture.loop.start(fixture.send());
    fixture.loop.poll();
    fixture.api.stop();
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(on_its_way->has_value());
    CHECK((*on_its_way)->has_value());
    REQUIRE(waiting->has_value());
    REQUIRE_FALSE((*waiting)->has_value());
    CHECK((*waiting)->error().code == ErrorCode::stopping);
    CHECK(fixture.upstream.requests.size() == 1);
}
