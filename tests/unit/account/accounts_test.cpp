// account/accounts: which account a call means, and what the keeper's changes do.

#include "support/bench.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using keeper::VaultState;
using protocol::ErrorCode;
using test::Bench;
using test::call_of;

std::string found(const Bench& bench, const std::optional<std::string>& wanted) {
    const auto account = bench.accounts.find(wanted);
    return account ? (*account)->info().account.text() : "";
}

protocol::Error refused(const Bench& bench, const std::optional<std::string>& wanted) {
    const auto account = bench.accounts.find(wanted);
    REQUIRE_FALSE(account);
    CHECK(account.error().executed == protocol::Executed::no);
    return account.error();
}

std::string detail(const protocol::Error& error, std::string_view name) {
    const auto* value = error.details.if_contains(name);
    return value ? boost::json::serialize(*value) : "";
}

}  // namespace

TEST_CASE("a vault that is not open says how it is") {
    Bench bench;
    bench.keeper.vault = VaultState::locked;
    CHECK(refused(bench, "master").code == ErrorCode::locked);
    CHECK(detail(refused(bench, "master"), "state") == R"("locked")");
    bench.keeper.vault = VaultState::uninitialized;
    CHECK(refused(bench, std::nullopt).code == ErrorCode::locked);
    CHECK(detail(refused(bench, std::nullopt), "state") == R"("uninitialized")");
}

TEST_CASE("an open vault without accounts has no credentials") {
    Bench bench;
    bench.accounts.refresh();
    CHECK(refused(bench, std::nullopt).code == ErrorCode::no_credentials);
    CHECK(refused(bench, "master").code == ErrorCode::no_credentials);
}

TEST_CASE("the only account is meant when none is named") {
    Bench bench;
    bench.tell_time();
    bench.keeper.hold("master", "0000000a");
    bench.accounts.refresh();
    CHECK(found(bench, std::nullopt) == "master");
    CHECK(found(bench, "master") == "master");
    CHECK(refused(bench, "other").code == ErrorCode::unknown_account);
    CHECK(refused(bench, "MASTER").code == ErrorCode::unknown_account);
    CHECK(refused(bench, "").code == ErrorCode::unknown_account);
}

TEST_CASE("of several accounts one must be named, or be the default") {
    Bench bench;
    bench.keeper.hold("bob", "0000000b");
    bench.keeper.hold("alice", "0000000a");
    bench.accounts.refresh();
    CHECK(found(bench, "bob") == "bob");
    const auto error = refused(bench, std::nullopt);
    CHECK(error.code == ErrorCode::unknown_account);
    CHECK(detail(error, "accounts") == R"(["alice","bob"])");

    Bench with_default({.default_account = "bob", .retry = {}});
    with_default.keeper.hold("bob", "0000000b");
    with_default.keeper.hold("alice", "0000000a");
    with_default.accounts.refresh();
    CHECK(found(with_default, std::nullopt) == "bob");
    CHECK(found(with_default, "alice") == "alice");
}

TEST_CASE("a default account that is not there is said to be missing") {
    Bench bench({.default_account = "gone", .retry = {}});
    bench.keeper.hold("alice", "0000000a");
    bench.accounts.refresh();
    CHECK(refused(bench, std::nullopt).code == ErrorCode::unknown_account);
    CHECK(refused(bench, std::nullopt).message.contains("default_account"));
}

TEST_CASE("accounts are listed by name and warm connections follow their number") {
    Bench bench;
    bench.keeper.hold("bob", "0000000a");
    bench.keeper.hold("alice", "0000000b");
    bench.accounts.refresh();
    REQUIRE(bench.accounts.list().size() == 2);
    CHECK(bench.accounts.list()[0]->info().account.text() == "alice");
    CHECK(bench.upstream.warm == 2);
    bench.keeper.lock();
    bench.accounts.refresh();
    CHECK(bench.accounts.list().empty());
    CHECK(bench.upstream.warm == 0);
}

TEST_CASE("a key's sequence goes on where it stopped over lock and unlock") {
    Bench bench;
    bench.keeper.hold("master", "0000000a");
    bench.accounts.refresh();
    REQUIRE(bench.loop.run(bench.accounts.list().at(0)->call(call_of("Balance"))));
    bench.keeper.lock();
    bench.accounts.refresh();
    bench.clock.time -= std::chrono::hours(1);
    bench.keeper.vault = VaultState::unlocked;
    bench.accounts.refresh();
    REQUIRE(bench.loop.run(bench.accounts.list().at(0)->call(call_of("Balance"))));
    const auto nonces = bench.upstream.nonces();
    CHECK(nonces.at(1) == nonces.at(0) + 1);
    CHECK(bench.store.saves == 1);
}

TEST_CASE("a refresh keeps the accounts that stay, and their figures") {
    Bench bench;
    bench.tell_time();
    bench.keeper.hold("master", "0000000a");
    bench.accounts.refresh();
    REQUIRE(bench.loop.run(bench.accounts.list().at(0)->call(call_of("Balance"))));
    bench.keeper.hold("other", "0000000b");
    bench.accounts.refresh();
    CHECK(bench.accounts.list().at(0)->calls() == 1);
    CHECK(bench.accounts.list().at(1)->calls() == 0);
}

TEST_CASE("a locked vault lets the call in flight finish") {
    Bench bench;
    bench.tell_time();
    bench.keeper.hold("master", "0000000a");
    bench.accounts.refresh();
    bench.upstream.held.close();
    const auto call = bench.loop.start(bench.accounts.list().at(0)->call(call_of("AddOrder")));
    bench.loop.poll();
    bench.keeper.lock();
    bench.accounts.refresh();
    bench.upstream.held.open();
    bench.loop.run();
    REQUIRE(call->has_value());
    CHECK((*call)->has_value());
}
