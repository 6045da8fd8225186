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
        tell_time();
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
    fixture.upstream.otherwise = test::empty_books(fixture.clock);
    const auto outcome = fixture.call("AddOrder");
    CHECK(outcome.error().code == ErrorCode::network);
    CHECK(outcome.error().executed == protocol::Executed::no);
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

TEST_CASE("failed storage is every account's state, and lasts once a write has failed") {
    Fixture fixture;
    fixture.keeper.hold("other", "89abcdef");
    fixture.accounts.refresh();
    fixture.store.fail_after(0);  // the mark cannot be read
    CHECK(fixture.call().error().code == ErrorCode::storage);
    CHECK(fixture.account().state() == AccountState::storage_failed);
    CHECK(fixture.account().remedy().contains("state folder"));
    CHECK(fixture.accounts.list().at(1)->state() == AccountState::ready);
    fixture.store.fail_after(1);  // nor written
    CHECK(fixture.call().error().code == ErrorCode::storage);
    CHECK(fixture.accounts.list().at(1)->state() == AccountState::storage_failed);
    CHECK(fixture.call().error().code == ErrorCode::storage);
    CHECK(fixture.account().state() == AccountState::storage_failed);
    CHECK(fixture.upstream.requests.empty());
}

TEST_CASE("B4: a denied permission is named, and shown until a call that needs it succeeds") {
    Fixture fixture;
    fixture.upstream.then(refusal("EGeneral:Permission denied"));
    const auto denied = fixture.call("AddOrder");
    REQUIRE_FALSE(denied);
    CHECK(denied.error().remedy.contains("Create & modify orders"));
    const auto& account = fixture.account();
    for (const auto* endpoint : {"Balance", "CancelOrder", "CancelAll"}) {
        CHECK(fixture.call(endpoint));  // others go on being sent
        CHECK(account.state() == AccountState::permission_denied);
    }
    CHECK(account.remedy().contains("Create & modify orders"));
    CHECK(account.remedy().contains("run: krakkenctl account validate master"));

    fixture.upstream.then(refusal("EAPI:Permission denied"));
    CHECK_FALSE(fixture.call("Ledgers"));
    CHECK(account.remedy().contains(protocol::permission_titles("modify-trades")));
    CHECK(account.remedy().contains(protocol::permission_titles("query-ledger")));
    CHECK(fixture.call("AddOrder"));
    CHECK(account.state() == AccountState::permission_denied);
    CHECK_FALSE(account.remedy().contains(protocol::permission_titles("modify-trades")));
    CHECK(fixture.call("QueryLedgers"));  // the same permission
    CHECK(account.state() == AccountState::ready);
    CHECK(account.errors() == 2);
}

TEST_CASE("B4: a denied permission is forgotten by a validation, not by a lock") {
    Fixture fixture;
    fixture.upstream.then(refusal("EGeneral:Permission denied"));
    CHECK_FALSE(fixture.call("AddOrder"));
    fixture.keeper.lock();
    fixture.accounts.refresh();
    fixture.keeper.vault = keeper::VaultState::unlocked;
    fixture.accounts.refresh();
    CHECK(fixture.account().state() == AccountState::permission_denied);
    CHECK(fixture.account().calls() == 1);
    REQUIRE(fixture.loop.run(fixture.accounts.validate(fixture.account().info().account)));
    CHECK(fixture.account().state() == AccountState::ready);
}

TEST_CASE("what the whole account may not do is no fault of the key") {
    Fixture fixture;
    fixture.upstream.then(refusal("EAccount:Invalid permissions:XMR trading restricted for US:CA."));
    CHECK(fixture.call("AddOrder").error().code == ErrorCode::permission);
    CHECK(fixture.account().state() == AccountState::ready);
}

TEST_CASE("D3: a nonce conflict tells what to check, and ends with the next success") {
    Fixture fixture;
    REQUIRE(fixture.call());  // the key's unit is known
    fixture.upstream.then(refusal("EAPI:Invalid nonce"));
    fixture.upstream.then(refusal("EAPI:Invalid nonce"));
    CHECK(fixture.call().error().code == ErrorCode::nonce);
    CHECK(fixture.account().state() == AccountState::nonce_conflict);
    const std::string remedy = fixture.account().remedy();
    for (const auto* part :
         {"other program", "key", "permissions", "clock", "run: krakkenctl account validate master"})
        CHECK(remedy.contains(part));
    fixture.upstream.then(refusal("EOrder:Insufficient funds"));
    CHECK_FALSE(fixture.call("AddOrder"));
    CHECK(fixture.account().state() == AccountState::nonce_conflict);
    CHECK(fixture.call("TradesHistory"));
    CHECK(fixture.account().state() == AccountState::ready);
}

TEST_CASE("what helps a key of the environment is a restart, not a validation") {
    const auto error =
        GENERATE(as<std::string>(), "EAPI:Invalid key", "EAPI:Invalid nonce", "EGeneral:Permission denied");
    Fixture fixture;
    fixture.keeper.hold_environment("env", "89abcdef");
    fixture.accounts.refresh();
    const auto account = *fixture.accounts.find("env");
    fixture.upstream.otherwise = [error](const net::Request&) { return refusal(error); };
    CHECK_FALSE(fixture.loop.run(account->call(call_of("Balance"))));
    CHECK(account->remedy().contains("restart krakkend with its environment"));
    CHECK_FALSE(account->remedy().contains("account validate"));
}

TEST_CASE("an account that retires begins no call, and has ended those under way") {
    Fixture fixture;
    const auto account = fixture.accounts.list().at(0);
    fixture.upstream.held.close();
    const auto call = fixture.loop.start(account->call(call_of("AddOrder")));
    fixture.loop.poll();
    const auto in_a_minute = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    const auto retired = fixture.loop.start(account->retire(in_a_minute));
    fixture.loop.poll();
    CHECK_FALSE(retired->has_value());
    const auto late = fixture.loop.start(account->call(call_of("AddOrder")));
    const auto again = fixture.loop.start(account->retire(in_a_minute));
    fixture.loop.poll();
    REQUIRE(late->has_value());
    CHECK((*late)->error().code == ErrorCode::unknown_account);
    REQUIRE(again->has_value());
    CHECK_FALSE(**again);
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(call->has_value());
    CHECK((*call)->has_value());
    REQUIRE(retired->has_value());
    CHECK(**retired);
    account->stay();
    CHECK(fixture.call());
}

TEST_CASE("every state has a name of its own") {
    CHECK(account::name(AccountState::ready) == "ready");
    CHECK(account::name(AccountState::auth_failed) == "auth_failed");
    CHECK(account::name(AccountState::permission_denied) == "permission_denied");
    CHECK(account::name(AccountState::nonce_conflict) == "nonce_conflict");
    CHECK(account::name(AccountState::lockout) == "lockout");
    CHECK(account::name(AccountState::storage_failed) == "storage_failed");
}
