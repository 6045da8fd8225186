// account/accounts: what the settings do, at the start and when they are read again; old nonce files.

#include "support/bench.hpp"
#include "support/scratch.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::ErrorCode;
using test::Bench;
using test::call_of;

const auto master = *base::AccountName::parse("master");
const base::KeyId master_key("0000000a");
constexpr std::uint64_t clock_us = 1'700'000'000'000'000;
constexpr std::uint64_t hour_us = 3'600'000'000;

struct Fixture : Bench {
    explicit Fixture(account::AccountSettings wanted = {.retry = test::at_once}) : Bench(std::move(wanted)) {
        keeper.hold("master", master_key.hex());
        accounts.refresh();
    }
    std::uint64_t next_nonce() {
        REQUIRE(loop.run(accounts.list().at(0)->call(call_of("Balance"))));
        return upstream.nonces().back();
    }
};

std::string reason(const protocol::Error& error) {
    const auto* value = error.details.if_contains("reason");
    return value ? boost::json::serialize(*value) : "";
}

}  // namespace

TEST_CASE("settings that are read again hold for accounts that are there") {
    Fixture fixture;
    fixture.keeper.hold("bob", "0000000b");
    fixture.accounts.refresh();
    const auto account = fixture.accounts.list().at(1);
    fixture.upstream.otherwise = [](const net::Request&) { return test::lost(); };
    CHECK_FALSE(fixture.loop.run(account->call(call_of("Balance"))));
    CHECK(fixture.upstream.requests.size() == 4);
    CHECK(fixture.accounts.find(std::nullopt).error().code == ErrorCode::unknown_account);

    account::AccountSettings settings{.default_account = "bob", .retry = test::at_once};
    settings.retry.max_attempts = 2;
    fixture.accounts.configure(settings);
    CHECK(fixture.accounts.list().at(1) == account);
    fixture.upstream.requests.clear();
    CHECK_FALSE(fixture.loop.run(account->call(call_of("Balance"))));
    CHECK(fixture.upstream.requests.size() == 2);
    CHECK((*fixture.accounts.find(std::nullopt))->info().account.text() == "bob");
}

TEST_CASE("a nonce unit and a tier take effect at once") {
    Fixture fixture;
    fixture.keeper.hold_environment("env", "0000000e");
    fixture.accounts.refresh();
    const auto before = fixture.next_nonce();
    CHECK(before < 10 * clock_us);
    account::AccountSettings settings{.default_account = "master", .retry = test::at_once};
    settings.accounts[master] = {.nonce_unit = base::NonceUnit::nanoseconds};
    settings.accounts[*base::AccountName::parse("env")] = {.tier = base::Tier::starter};
    fixture.accounts.configure(settings);
    CHECK((*fixture.accounts.find("env"))->info().tier == base::Tier::starter);
    REQUIRE(fixture.loop.run((*fixture.accounts.find("master"))->call(call_of("Balance"))));
    CHECK(fixture.upstream.nonces().back() >= clock_us * 1000);
    // Never down: Kraken would refuse them all.
    fixture.accounts.configure({.default_account = "master", .retry = test::at_once});
    REQUIRE(fixture.loop.run((*fixture.accounts.find("master"))->call(call_of("Balance"))));
    CHECK(fixture.upstream.nonces().back() >= clock_us * 1000);
}

TEST_CASE("C2: an old nonce file's number is a floor of its account's key, and of no other") {
    account::AccountSettings settings{.retry = test::at_once};
    settings.legacy_nonces[master] = clock_us + hour_us;
    Fixture fixture(settings);
    CHECK(fixture.next_nonce() == clock_us + hour_us + 1);
    fixture.keeper.hold("bob", "0000000b");
    fixture.accounts.refresh();
    REQUIRE(fixture.loop.run((*fixture.accounts.find("bob"))->call(call_of("Balance"))));
    CHECK(fixture.upstream.nonces().back() == clock_us);
}

TEST_CASE("C2: a key of two names has one lane, and goes on above the nonce files of both") {
    account::AccountSettings settings{.retry = test::at_once};
    settings.legacy_nonces[*base::AccountName::parse("env")] = clock_us + hour_us;
    settings.legacy_nonces[master] = clock_us + 2 * hour_us;
    Bench bench(settings);
    bench.keeper.hold_environment("env", master_key.hex());
    bench.accounts.refresh();
    REQUIRE(bench.loop.run((*bench.accounts.find("env"))->call(call_of("Balance"))));
    CHECK(bench.upstream.nonces().back() == clock_us + hour_us + 1);
    bench.keeper.hold("master", master_key.hex());
    bench.accounts.refresh();
    const auto lane_of = [&](const char* name) { return (*bench.accounts.find(name))->keys()[0]->lane(); };
    CHECK(lane_of("env") == lane_of("master"));
    REQUIRE(bench.loop.run((*bench.accounts.find("master"))->call(call_of("Balance"))));
    CHECK(bench.upstream.nonces().back() == clock_us + 2 * hour_us + 1);
    bench.accounts.refresh();
    REQUIRE(bench.loop.run((*bench.accounts.find("env"))->call(call_of("Balance"))));
    CHECK(bench.upstream.nonces().back() == clock_us + 2 * hour_us + 2);
    CHECK(bench.store.bound(master_key) >= bench.upstream.nonces().back());
}

TEST_CASE("C2: an old nonce file can be imported while krakkend runs") {
    Fixture fixture;
    const test::Scratch scratch;
    const auto file = scratch.file("kraken_nonce.txt", std::to_string(clock_us + hour_us) + "\n");
    CHECK(fixture.next_nonce() == clock_us);
    const auto last = fixture.loop.run(fixture.accounts.import_nonce(master, file));
    REQUIRE(last);
    CHECK(*last == clock_us + hour_us);
    CHECK(fixture.store.bound(master_key) >= *last);
    CHECK(fixture.next_nonce() == clock_us + hour_us + 1);

    // A lower number changes nothing.
    const auto lower = scratch.file("kraken_nonce_master.txt", "1234");
    CHECK(fixture.loop.run(fixture.accounts.import_nonce(master, lower)) == clock_us + hour_us + 1);
}

TEST_CASE("C2: files that are no nonce files are refused and change nothing") {
    Fixture fixture;
    const test::Scratch scratch;
    struct Row {
        std::string text;
        std::string reason;
    };
    const auto [text, why] = GENERATE(
        as<Row>(),
        Row{"", R"("number")"},
        Row{"12ab", R"("number")"},
        Row{"9000000000000000000", R"("absurd")"}
    );
    CAPTURE(text);
    const auto file = scratch.file("kraken_nonce.txt", text);
    const auto refused = fixture.loop.run(fixture.accounts.import_nonce(master, file));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_params);
    CHECK(reason(refused.error()) == why);
    CHECK(fixture.next_nonce() == clock_us);
    const auto missing = fixture.loop.run(fixture.accounts.import_nonce(master, scratch.path() / "none"));
    REQUIRE_FALSE(missing);
    CHECK(reason(missing.error()) == R"("missing")");
}

TEST_CASE("an import needs the account, and is one at a time") {
    Fixture fixture;
    const test::Scratch scratch;
    const auto file = scratch.file("kraken_nonce.txt", "1");
    const auto other = *base::AccountName::parse("other");
    CHECK(
        fixture.loop.run(fixture.accounts.import_nonce(other, file)).error().code ==
        ErrorCode::unknown_account
    );
    const auto first = fixture.loop.start(fixture.accounts.import_nonce(master, file));
    const auto second = fixture.loop.start(fixture.accounts.import_nonce(master, file));
    fixture.loop.run();
    REQUIRE(first->has_value());
    CHECK((*first)->has_value());
    REQUIRE(second->has_value());
    CHECK((*second)->error().code == ErrorCode::overloaded);
    CHECK((*second)->error().retryable);
    fixture.keeper.lock();
    fixture.accounts.refresh();
    CHECK(fixture.loop.run(fixture.accounts.import_nonce(master, file)).error().code == ErrorCode::locked);
}

TEST_CASE("how far Kraken's clock is ahead is known once it told its time") {
    Fixture fixture;
    CHECK_FALSE(fixture.accounts.clock_offset());
    fixture.server_clock.observe(
        std::chrono::sys_seconds(std::chrono::seconds(1'700'000'100)),
        fixture.clock.passed,
        fixture.clock.passed
    );
    CHECK(fixture.accounts.clock_offset() == std::chrono::milliseconds(100'500));
}
