// account/account: what outcomes do to an account's state and figures.

#include "account/account.hpp"

#include "support/bench.hpp"

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <exception>
#include <vector>

namespace {

using namespace krakken;
using account::AccountState;
using protocol::ErrorCode;
using protocol::Result;
using test::answer;
using test::call_of;
using test::refusal;

struct Fixture : test::Bench {
    Fixture() : Bench({.default_account = "", .retry = test::at_once}) {
        keeper.hold("master", "0123abcd");
        accounts.refresh();
    }

    account::Account& account() { return *accounts.list().at(0); }
    Result<std::string> call(std::string_view endpoint = "Balance") {
        return loop.run(account().call(call_of(endpoint)));
    }
};

}  // namespace

TEST_CASE("a good call gives Kraken's bytes and counts") {
    Fixture fixture;
    fixture.upstream.then(answer(R"({"ZUSD": "1.10000000"})"));
    CHECK(fixture.call() == R"({"ZUSD": "1.10000000"})");
    CHECK(fixture.account().calls() == 1);
    CHECK(fixture.account().errors() == 0);
    CHECK(fixture.account().last_success_at() == fixture.clock.time);
    CHECK(fixture.account().last_error().empty());
    CHECK(fixture.account().remedy().empty());
}

TEST_CASE("a refusal is counted, named and shown in the state") {
    struct Row {
        std::string error;
        std::string category;
        AccountState state;
    };
    const auto [error, category, state] = GENERATE(
        as<Row>(),
        Row{"EAPI:Invalid key", "auth", AccountState::auth_failed},
        Row{"EAPI:Invalid signature", "auth", AccountState::auth_failed},
        Row{"EGeneral:Permission denied", "permission", AccountState::permission_denied},
        Row{"EAPI:Invalid nonce", "nonce", AccountState::nonce_conflict},
        Row{"EGeneral:Temporary lockout", "lockout", AccountState::lockout},
        Row{"EOrder:Insufficient funds", "funds", AccountState::ready},
        Row{"EAPI:Rate limit exceeded", "rate_limit", AccountState::ready},
        Row{"EService:Busy", "service", AccountState::ready}
    );
    CAPTURE(error);
    Fixture fixture;
    fixture.upstream.otherwise = [text = error](const net::Request&) { return refusal(text); };
    const auto outcome = fixture.call();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().account == "master");
    CHECK(protocol::category(outcome.error().code) == category);
    CHECK(fixture.account().state() == state);
    CHECK(fixture.account().last_error() == category);
    CHECK(fixture.account().errors() == 1);
    CHECK(fixture.account().remedy().empty() == (state == AccountState::ready));
}

TEST_CASE("a key that Kraken refused is not used again until it was validated") {
    Fixture fixture;
    fixture.upstream.then(refusal("EAPI:Invalid key"));
    CHECK_FALSE(fixture.call());
    const std::size_t sent = fixture.upstream.requests.size();
    const auto blocked = fixture.call();
    REQUIRE_FALSE(blocked);
    CHECK(blocked.error().code == ErrorCode::auth);
    CHECK(blocked.error().account == "master");
    CHECK_FALSE(blocked.error().retryable);
    CHECK(fixture.upstream.requests.size() == sent);
    fixture.account().validated(fixture.account().info());
    CHECK(fixture.call());
    CHECK(fixture.account().state() == AccountState::ready);
}

TEST_CASE("calls that wait behind a refused key are not sent") {
    Fixture fixture;
    fixture.upstream.otherwise = [](const net::Request&) { return refusal("EAPI:Invalid key"); };
    std::vector<Result<std::string>> outcomes;
    for (int count = 0; count < 20; ++count) {
        boost::asio::co_spawn(
            fixture.loop.context,
            fixture.account().call(call_of("Balance")),
            [&outcomes](std::exception_ptr, Result<std::string> outcome) {
                outcomes.push_back(std::move(outcome));
            }
        );
    }
    fixture.loop.context.restart();
    fixture.loop.context.run();
    REQUIRE(outcomes.size() == 20);
    for (const auto& outcome : outcomes)
        CHECK(outcome.error().code == ErrorCode::auth);
    CHECK(fixture.upstream.requests.size() == 1);
}

TEST_CASE("a refused key stays refused over a lock and an unlock") {
    Fixture fixture;
    fixture.upstream.then(refusal("EAPI:Invalid key"));
    CHECK_FALSE(fixture.call());
    fixture.keeper.lock();
    fixture.accounts.refresh();
    fixture.keeper.vault = keeper::VaultState::unlocked;
    fixture.accounts.refresh();
    CHECK(fixture.account().state() == AccountState::auth_failed);
    CHECK_FALSE(fixture.call());
    CHECK(fixture.upstream.requests.size() == 1);
}

TEST_CASE("while a refused key is asked about, other calls with it still do not go out") {
    Fixture fixture;
    fixture.upstream.then(refusal("EAPI:Invalid key"));
    CHECK_FALSE(fixture.call());
    fixture.upstream.otherwise = [](const net::Request&) { return refusal("EAPI:Invalid key"); };
    CHECK_FALSE(fixture.loop.run(fixture.accounts.validate(fixture.account().info().account)));
    CHECK(fixture.upstream.targets().back() == "/0/private/GetApiKeyInfo");
    CHECK(fixture.account().state() == AccountState::auth_failed);
    CHECK_FALSE(fixture.call());
    CHECK(fixture.upstream.requests.size() == 2);
}

TEST_CASE("a placement whose nonce was refused shows that somebody else uses the key") {
    Fixture fixture;
    fixture.upstream.then(refusal("EAPI:Invalid nonce"));
    CHECK(fixture.call("AddOrder").error().code == ErrorCode::outcome_unknown);
    CHECK(fixture.account().state() == AccountState::nonce_conflict);
}

TEST_CASE("a lockout silences every account until it is over") {
    Fixture fixture;
    fixture.keeper.hold("other", "89abcdef");
    fixture.accounts.refresh();
    fixture.upstream.then(refusal("EGeneral:Temporary lockout"));
    const auto first = fixture.call();
    CHECK(first.error().code == ErrorCode::lockout);
    CHECK(first.error().details.contains("until"));
    CHECK(first.error().retry_after == std::chrono::minutes(15));

    const auto other = fixture.accounts.list().at(1);
    CHECK(other->state() == AccountState::lockout);
    CHECK(fixture.loop.run(other->call(call_of("Balance"))).error().code == ErrorCode::lockout);
    CHECK(fixture.upstream.requests.size() == 1);

    fixture.clock.time += std::chrono::hours(24);  // a step of the wall clock does not end it
    CHECK(other->state() == AccountState::lockout);
    fixture.clock.advance(std::chrono::minutes(15));
    CHECK(other->state() == AccountState::ready);
    CHECK(fixture.call());
    CHECK(fixture.loop.run(other->call(call_of("Balance"))));
}

TEST_CASE("failed storage is an account's state too") {
    Fixture fixture;
    fixture.store.fail_after(0);
    CHECK(fixture.call().error().code == ErrorCode::storage);
    CHECK(fixture.account().state() == AccountState::storage_failed);
    CHECK(fixture.upstream.requests.empty());
}

TEST_CASE("a success makes the account ready again") {
    Fixture fixture;
    fixture.upstream.then(refusal("EGeneral:Permission denied"));
    CHECK_FALSE(fixture.call());
    CHECK(fixture.call());
    CHECK(fixture.account().state() == AccountState::ready);
    CHECK(fixture.account().calls() == 2);
    CHECK(fixture.account().errors() == 1);
}

TEST_CASE("every state has a name of its own") {
    CHECK(account::name(AccountState::ready) == "ready");
    CHECK(account::name(AccountState::auth_failed) == "auth_failed");
    CHECK(account::name(AccountState::permission_denied) == "permission_denied");
    CHECK(account::name(AccountState::nonce_conflict) == "nonce_conflict");
    CHECK(account::name(AccountState::lockout) == "lockout");
    CHECK(account::name(AccountState::storage_failed) == "storage_failed");
}
