// account/lane and the unit of a key's nonces: what a key that another program used is moved to, and which
// calls find that out.

#include "support/bench.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using account::Lane;
using base::NonceUnit;
using kraken::Attempt;
using protocol::find_endpoint;
using protocol::Result;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

const base::KeyId key{"0123abcd"};

std::uint64_t ticks(base::Time time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

// Kraken with one key that another program has used up to `last`.
struct Fixture : test::Bench {
    explicit Fixture(std::uint64_t last_elsewhere = 0) : last(last_elsewhere) {
        keeper.hold("master", key.hex());
        upstream.otherwise = [this](const net::Request&) { return answer_to(upstream.nonces().back()); };
    }

    test::FakeUpstream::Outcome answer_to(std::uint64_t nonce) {
        unsaved |= nonce > store.bound(key) || lane->sequence()->unit() != store.marks.at(key).unit;
        if (nonce <= last) return test::refusal("EAPI:Invalid nonce");
        last = nonce;
        return test::answer("{}");
    }

    auto send(std::string_view endpoint, std::chrono::milliseconds time = 1h) {
        const auto deadline = steady_clock::now() + time;
        return lane->send({*find_endpoint(endpoint), parameters, {deadline, deadline}});
    }
    // The error, or nothing when Kraken took the call.
    std::string sent(std::string_view endpoint = "Balance") {
        const auto attempt = loop.run(send(endpoint));
        REQUIRE(attempt);
        return attempt->answer.errors.empty() ? "" : attempt->answer.errors.front();
    }
    void mark(std::uint64_t bound, NonceUnit unit = NonceUnit::microseconds) {
        store.marks.insert_or_assign(key, state::NonceMark{base::Nonce(bound), unit});
    }
    void restart() { lane = std::make_shared<Lane>(services, key); }
    NonceUnit unit() const { return lane->sequence()->unit(); }

    std::uint64_t last;
    bool unsaved = false;  // a nonce came that was above its bound, or of a unit not on disk
    std::shared_ptr<Lane> lane = std::make_shared<Lane>(services, key);
    kraken::Parameters parameters = *kraken::Parameters::parse("");
};

constexpr std::uint64_t now_us = 1'700'000'000'000'000;  // where the bench's clock stands
constexpr std::uint64_t used_in_10ns = (now_us - 60'000'000) * 100;
constexpr std::uint64_t used_in_ns = (now_us - 60'000'000) * 1000;
constexpr auto refused = "EAPI:Invalid nonce";

}  // namespace

TEST_CASE("a fresh key is moved to the unit that another program used, within its first call") {
    const auto [used, unit, tries] = GENERATE(table<std::uint64_t, NonceUnit, std::size_t>(
        {{now_us - 1, NonceUnit::microseconds, 1},
         {used_in_10ns, NonceUnit::ten_nanoseconds, 3},
         {used_in_ns, NonceUnit::nanoseconds, 5}}
    ));
    Fixture fixture(used);
    CHECK(fixture.sent().empty());
    CHECK(fixture.unit() == unit);
    CHECK(fixture.store.marks.at(key).unit == unit);
    CHECK(fixture.upstream.requests.size() == tries);
    CHECK_FALSE(fixture.unsaved);

    fixture.restart();
    CHECK(fixture.sent().empty());
    CHECK(fixture.unit() == unit);
    CHECK(fixture.upstream.requests.size() == tries + 1);
}

TEST_CASE("a key refused in every unit is left at the finest, and the refusal stands") {
    Fixture fixture(9'223'372'036'854'775'807);
    CHECK(fixture.sent() == refused);
    CHECK(fixture.upstream.requests.size() == 6);
    CHECK(fixture.unit() == NonceUnit::nanoseconds);
    CHECK(fixture.sent() == refused);
    CHECK(fixture.upstream.requests.size() == 7);
}

TEST_CASE("one refusal may be a late copy's doing: a key that is then accepted keeps its unit") {
    Fixture fixture;
    fixture.upstream.then(test::refusal(refused));
    CHECK(fixture.sent().empty());
    CHECK(fixture.upstream.requests.size() == 2);
    CHECK(fixture.unit() == NonceUnit::microseconds);
}

TEST_CASE("a key that was used here is not moved, nor one whose first nonce was taken") {
    Fixture fixture(used_in_ns);
    SECTION("used in an earlier run") {
        fixture.mark(now_us);
    }
    SECTION("used in this run") {
        fixture.last = 0;
        CHECK(fixture.sent().empty());
        fixture.last = used_in_ns;
        fixture.upstream.requests.clear();
    }
    CHECK(fixture.sent() == refused);
    CHECK(fixture.sent() == refused);
    CHECK(fixture.upstream.requests.size() == 2);
    CHECK(fixture.unit() == NonceUnit::microseconds);
}

TEST_CASE("a key of which Kraken never took a nonce is a fresh one after a restart, too") {
    Fixture fixture(used_in_ns);
    SECTION("nothing was sent") {
        fixture.upstream.then(test::not_sent());
        fixture.loop.run(fixture.send("Balance"));
    }
    SECTION("it was moved up once") {
        for (int i = 0; i < 3; ++i)
            CHECK(fixture.sent("AddOrder") == refused);
        CHECK(fixture.store.marks.at(key).unit == NonceUnit::ten_nanoseconds);
    }
    CHECK_FALSE(fixture.store.marks.at(key).unit_proven);
    fixture.restart();
    CHECK(fixture.sent().empty());
    CHECK(fixture.unit() == NonceUnit::nanoseconds);
    CHECK_FALSE(fixture.unsaved);

    // Now it is proven, and the next save puts that on disk.
    fixture.clock.advance(6s);
    CHECK(fixture.sent().empty());
    CHECK(fixture.store.marks.at(key).unit_proven);
}

TEST_CASE("validating a key seeks its unit again, until a nonce is taken") {
    Fixture fixture(used_in_ns);
    fixture.mark(now_us);
    fixture.lane->search_unit();
    CHECK(fixture.sent().empty());
    CHECK(fixture.unit() == NonceUnit::nanoseconds);
    CHECK_FALSE(fixture.unsaved);

    fixture.mark(now_us);
    fixture.restart();
    fixture.lane->search_unit();
    fixture.last = 0;
    CHECK(fixture.sent().empty());
    fixture.last = used_in_ns;
    CHECK(fixture.sent() == refused);
    CHECK(fixture.unit() == NonceUnit::microseconds);
}

TEST_CASE("a call that acts once is never sent again, but its refusals count") {
    const auto endpoint = GENERATE(as<std::string>(), "AddOrder", "EditOrder", "Withdraw");
    Fixture fixture(used_in_10ns);
    CHECK(fixture.sent(endpoint) == refused);
    CHECK(fixture.upstream.requests.size() == 1);
    CHECK(fixture.sent(endpoint) == refused);
    CHECK(fixture.upstream.requests.size() == 2);
    CHECK(fixture.sent(endpoint).empty());
    CHECK(fixture.upstream.requests.size() == 3);
    CHECK(fixture.unit() == NonceUnit::ten_nanoseconds);
    CHECK_FALSE(fixture.unsaved);
}

TEST_CASE("what Kraken says behind its look at the nonce ends the search, what it says before does not") {
    const auto [error, ends] = GENERATE(table<std::string, bool>(
        {{"EOrder:Insufficient funds", true},
         {"EQuery:Unknown asset pair", true},
         {"ETrade:Locked", true},
         {"EFunding:Unknown reference id", true},
         {"EGeneral:Invalid arguments:volume", true},
         {"EGeneral:Permission denied", false},
         {"EGeneral:Unknown method", false},
         {"EGeneral:Internal error", false},
         {"EAPI:Invalid key", false},
         {"EAPI:Invalid signature", false},
         {"EAPI:Rate limit exceeded", false},
         {"EService:Unavailable", false},
         {"EService:Busy", false}}
    ));
    CAPTURE(error);
    Fixture fixture(used_in_10ns);
    fixture.upstream.then(test::refusal(error));
    CHECK(fixture.sent() == error);
    CHECK(fixture.sent() == (ends ? refused : ""));
}

TEST_CASE("no answer says nothing of the nonce") {
    Fixture fixture(used_in_10ns);
    fixture.upstream.then(test::lost());
    fixture.upstream.then(test::not_sent());
    fixture.loop.run(fixture.send("Balance"));
    fixture.loop.run(fixture.send("Balance"));
    CHECK(fixture.sent().empty());
    CHECK(fixture.unit() == NonceUnit::ten_nanoseconds);
}

namespace {

// A bench whose second between two tries is longer than any test.
struct Patient : Fixture {
    Patient() : Fixture(used_in_10ns) {
        services.refused_nonce_pause = 24h;
        restart();
    }
};

}  // namespace

TEST_CASE("the wait between two tries does not go beyond the call's deadline") {
    Patient fixture;
    CHECK(fixture.sent() == refused);  // has an hour
    CHECK(fixture.upstream.requests.size() == 1);
    // A day later the next refusal counts.
    fixture.clock.passed += 24h;
    CHECK(fixture.sent().empty());
    CHECK(fixture.upstream.nonces().size() == 3);
    CHECK(fixture.unit() == NonceUnit::ten_nanoseconds);
}

TEST_CASE("refusals in quick succession do not move a key") {
    Patient fixture;
    for (int i = 0; i < 5; ++i)
        CHECK(fixture.sent() == refused);
    CHECK(fixture.upstream.requests.size() == 5);
    CHECK(fixture.unit() == NonceUnit::microseconds);
}

TEST_CASE("a daemon that stops does not wait for another try") {
    Patient fixture;
    const auto attempt = fixture.loop.start(fixture.send("Balance", 48h));
    fixture.loop.poll();
    CHECK_FALSE(attempt->has_value());
    fixture.api.stop();
    fixture.loop.run();
    REQUIRE(attempt->has_value());
    REQUIRE((*attempt)->has_value());
    CHECK((**attempt)->answer.errors == std::vector<std::string>{refused});
    CHECK(fixture.upstream.requests.size() == 1);
}

TEST_CASE("a key that is held, or an address locked out, while the call waits is not tried again") {
    Fixture fixture(used_in_10ns);
    fixture.upstream.held.close();
    const auto attempt = fixture.loop.start(fixture.send("Balance"));
    fixture.loop.poll();
    SECTION("held") {
        fixture.lane->hold(protocol::make_error(protocol::ErrorCode::auth, "no"));
    }
    SECTION("locked out") {
        auto lockout = protocol::make_error(protocol::ErrorCode::lockout, "no");
        lockout.origin = protocol::Origin::kraken;
        fixture.lane->locked_out(lockout);
    }
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((**attempt)->answer.errors == std::vector<std::string>{refused});
    CHECK(fixture.upstream.requests.size() == 1);
}

TEST_CASE("the operator's unit is used from the first nonce, and none is sought") {
    Fixture fixture(used_in_ns);
    fixture.lane->set_unit(NonceUnit::ten_nanoseconds);
    CHECK(fixture.sent() == refused);
    CHECK(fixture.upstream.nonces() == std::vector<std::uint64_t>{now_us * 100});
    CHECK(fixture.sent() == refused);
    fixture.lane->search_unit();
    CHECK(fixture.sent() == refused);
    CHECK(fixture.unit() == NonceUnit::ten_nanoseconds);
    CHECK_FALSE(fixture.unsaved);

    fixture.lane->set_unit(NonceUnit::nanoseconds);
    CHECK(fixture.sent().empty());
    CHECK(fixture.store.marks.at(key).unit == NonceUnit::nanoseconds);
    CHECK_FALSE(fixture.unsaved);
}

TEST_CASE("a fresh key's unit is sought as soon as the operator no longer fixes it") {
    Fixture fixture(used_in_ns);
    fixture.lane->set_unit(NonceUnit::microseconds);
    CHECK(fixture.sent() == refused);
    fixture.lane->set_unit(std::nullopt);
    CHECK(fixture.sent().empty());
    CHECK(fixture.unit() == NonceUnit::nanoseconds);
    CHECK_FALSE(fixture.unsaved);
    // Not that of a key whose nonces Kraken has taken.
    fixture.lane->set_unit(NonceUnit::nanoseconds);
    fixture.lane->set_unit(std::nullopt);
    fixture.last = ~std::uint64_t{0};
    const std::size_t before = fixture.upstream.requests.size();
    CHECK(fixture.sent() == refused);
    CHECK(fixture.upstream.requests.size() == before + 1);
}

TEST_CASE("the operator's unit never moves a key down") {
    Fixture fixture;
    fixture.mark(used_in_ns, NonceUnit::nanoseconds);
    SECTION("said before the first call") {
        fixture.lane->set_unit(NonceUnit::microseconds);
    }
    SECTION("said later") {
        CHECK(fixture.sent().empty());
        fixture.lane->set_unit(NonceUnit::microseconds);
    }
    CHECK(fixture.sent().empty());
    CHECK(fixture.unit() == NonceUnit::nanoseconds);
    CHECK(fixture.store.marks.at(key).unit == NonceUnit::nanoseconds);
}

TEST_CASE("a move waits for the save that is on its way, so that the finer unit is what stays on disk") {
    Fixture fixture;
    CHECK(fixture.sent().empty());
    fixture.store.saves_held.close();
    fixture.clock.advance(6s);
    CHECK((fixture.loop.start(fixture.send("Balance")), fixture.loop.poll(), fixture.store.saves == 2));
    fixture.lane->set_unit(NonceUnit::nanoseconds);
    const auto too_late = fixture.loop.start(fixture.send("Balance", 5ms));
    const auto attempt = fixture.loop.start(fixture.send("Balance"));
    while (!too_late->has_value())
        fixture.loop.poll();
    fixture.loop.poll();
    CHECK_FALSE((*too_late)->has_value());
    CHECK(fixture.unit() == NonceUnit::microseconds);
    CHECK(fixture.store.saves == 2);
    CHECK(fixture.upstream.requests.size() == 2);
    fixture.store.saves_held.open_for_one();
    fixture.loop.poll();
    CHECK(fixture.store.saves == 3);
    CHECK(fixture.upstream.requests.size() == 2);
    fixture.store.saves_held.open();
    fixture.loop.run();
    CHECK(fixture.upstream.nonces().back() == ticks(fixture.clock.time) * 1000);
    CHECK_FALSE(fixture.unsaved);
}
