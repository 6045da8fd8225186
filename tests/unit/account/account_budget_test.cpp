// account/limits, admission, public_calls: calls that wait for room, and those that do not.

#include "account/account.hpp"

#include "support/bench.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::ErrorCode;
using protocol::Result;
using test::call_of;
using namespace std::chrono_literals;
using Later = test::EventLoop::Later<Result<std::string>>;

struct Fixture : test::Bench {
    explicit Fixture(
        account::AccountSettings wanted = {.default_account = "", .retry = test::at_once},
        Limits limits = Limits::modelled
    )
        : Bench(std::move(wanted), limits) {
        keeper.hold("master", "aaaaaaaa");
        accounts.refresh();
        tell_time();
    }
    std::shared_ptr<account::Account> account() { return *accounts.find("master"); }
    // Behind the intermediate tier's 17 points and the one for a cancel.
    void spend() {
        for (int call = 0; call < 18; ++call)
            REQUIRE(make("Balance", 0ms));
        REQUIRE_FALSE(make("Balance", 0ms));
    }
    Result<std::string> make(
        std::string_view endpoint, std::chrono::milliseconds max_wait, std::string_view parameters = ""
    ) {
        account::Call call = call_of(endpoint, parameters);
        call.max_wait = max_wait;
        const bool is_public = call.endpoint->kind == protocol::EndpointKind::public_;
        return loop.run(is_public ? accounts.call_public(std::move(call)) : account()->call(std::move(call)));
    }
};

}  // namespace

TEST_CASE("a call for which there will be no room in its time is refused at once, and nothing is sent") {
    Fixture fixture;
    fixture.spend();
    const auto sent = fixture.upstream.requests.size();
    const auto max_wait = GENERATE(0ms, 1999ms);
    const auto refused = fixture.make("Balance", max_wait);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::rate_limit);
    CHECK(refused.error().executed == protocol::Executed::no);
    CHECK(refused.error().retryable);
    CHECK(refused.error().origin == protocol::Origin::daemon);
    CHECK(refused.error().retry_after == 2000ms);
    CHECK(refused.error().account == "master");
    CHECK(fixture.upstream.requests.size() == sent);
}

TEST_CASE("a call waits for room while it may, and goes when there is") {
    Fixture fixture;
    fixture.spend();
    fixture.clock.advance(2s - 1ms);
    account::Call call = call_of("Balance");
    call.max_wait = 1h;
    const auto later = fixture.loop.start(fixture.account()->call(std::move(call)));
    fixture.loop.poll();
    CHECK_FALSE(later->has_value());
    CHECK(fixture.account()->waiting().reads == 1);
    fixture.clock.advance(1ms);
    fixture.loop.run();
    CHECK((*later)->has_value());
}

TEST_CASE("cancels and what costs nothing on the key's counter go on") {
    Fixture fixture;
    fixture.spend();
    CHECK(fixture.make("CancelAll", 0ms));
    CHECK(fixture.make("CancelOrder", 0ms, R"({"txid":"OA"})"));
    CHECK(fixture.make("AddOrder", 0ms, R"({"pair":"XBTUSD"})"));
    CHECK_FALSE(fixture.make("AmendOrder", 0ms, R"({"txid":"OA"})"));
}

TEST_CASE("a pair's limit holds for the placements on it") {
    Fixture fixture;
    for (int order = 0; order < 120; ++order)
        REQUIRE(fixture.make("AddOrder", 0ms, R"({"pair":"XBT/USD"})"));
    const auto refused = fixture.make("AddOrder", 0ms, R"({"pair":"XXBTZUSD"})");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::rate_limit);
    CHECK(fixture.make("AddOrder", 0ms, R"({"pair":"ETHUSD"})"));
}

TEST_CASE("switched off, nothing is held back; switched on again, it counts") {
    Fixture fixture({.default_account = "", .retry = test::at_once}, test::Bench::Limits::off);
    for (int call = 0; call < 40; ++call) {
        REQUIRE(fixture.make("Balance", 0ms));
        REQUIRE(fixture.make("Ticker", 0ms));
    }
    fixture.settings.rate_model = true;
    fixture.accounts.configure(fixture.settings);
    CHECK_FALSE(fixture.make("Balance", 0ms));
    CHECK_FALSE(fixture.make("Ticker", 0ms));
}

TEST_CASE("the tier of the configuration counts, or the saved key's") {
    const auto name = *base::AccountName::parse("master");
    Fixture fixture({.default_account = "", .accounts = {{name, {.tier = base::Tier::starter}}}});
    CHECK(fixture.account()->keys()[0]->lane()->rest().counter().limits().limit == 15'000);
    fixture.settings.accounts.clear();
    fixture.accounts.configure(fixture.settings);
    CHECK(fixture.account()->keys()[0]->lane()->rest().counter().limits().limit == 20'000);
}

TEST_CASE("public calls keep to a call a second behind a small burst") {
    Fixture fixture;
    for (int call = 0; call < 8; ++call)
        REQUIRE(fixture.make("Ticker", 0ms));
    const auto refused = fixture.make("Ticker", 999ms);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::rate_limit);
    CHECK(refused.error().retry_after == 1000ms);
    fixture.clock.advance(1s);
    CHECK(fixture.make("Ticker", 0ms));
}

TEST_CASE("the daemon's own questions about a key count on it") {
    Fixture fixture;
    REQUIRE(fixture.loop.run(fixture.accounts.validate(*base::AccountName::parse("master"))));
    CHECK(fixture.account()->keys()[0]->lane()->rest().counter().used(fixture.clock.elapsed()) == 2000);
}

TEST_CASE("a market that takes only cancels is not run against") {
    Fixture fixture;
    const auto* order = R"({"pair":"XBTUSD"})";
    fixture.upstream.then(test::refusal("EService:Market in cancel_only mode"));
    CHECK(fixture.make("AddOrder", 0ms, order).error().origin == protocol::Origin::kraken);
    const auto held = fixture.make("AddOrder", 0ms, order);
    REQUIRE_FALSE(held);
    CHECK(held.error().code == ErrorCode::service);
    CHECK(held.error().executed == protocol::Executed::no);
    CHECK(held.error().retry_after == 1000ms);
    CHECK(fixture.make("CancelOrder", 0ms, R"({"txid":"OA"})"));
    CHECK(fixture.upstream.requests.size() == 2);
    fixture.upstream.then(test::answer(R"({"status":"online"})"));
    CHECK(fixture.make("SystemStatus", 0ms));
    CHECK(fixture.make("AddOrder", 0ms, order));
}
