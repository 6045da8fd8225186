// account/accounts: accounts whose keys came with the environment, beside a vault in any state.

#include "support/bench.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using account::SavePolicy;
using keeper::VaultState;
using protocol::ErrorCode;
using test::Bench;
using test::call_of;

// What a call that names `wanted` comes to: the account's name, or the error's category.
std::string meant(const Bench& bench, std::optional<std::string> wanted = std::nullopt) {
    const auto account = bench.accounts.find(wanted);
    return account ? (*account)->info().account.text()
                   : '-' + std::string(protocol::category(account.error().code));
}

std::string detail(const protocol::Error& error, std::string_view name) {
    const auto* value = error.details.if_contains(name);
    return value ? boost::json::serialize(*value) : "";
}

keeper::NewKey candidate(std::string_view account) {
    return {
        .account = *base::AccountName::parse(account),
        .api_key = keeper::SecretText::copy_of("0000000f"),
        .api_secret = keeper::SecretText::copy_of("c2VjcmV0"),
        .otp = std::nullopt
    };
}

void lock(Bench& bench) {
    bench.keeper.lock();
    bench.accounts.refresh();
}

void unlock(Bench& bench) {
    bench.keeper.vault = VaultState::unlocked;
    bench.accounts.refresh();
}

}  // namespace

TEST_CASE("B1: accounts of the environment serve while the vault is locked or missing") {
    const auto vault = GENERATE(VaultState::locked, VaultState::uninitialized);
    Bench bench;
    bench.keeper.vault = vault;
    bench.keeper.hold_environment("master", "0000000a");
    bench.keeper.hold_environment("user_bob", "0000000b");
    bench.keeper.hold("saved", "0000000c");
    bench.accounts.refresh();
    CHECK(meant(bench, "master") == "master");
    CHECK(meant(bench, "user_bob") == "user_bob");
    CHECK(bench.loop.run((*bench.accounts.find("master"))->call(call_of("Balance"))));
    CHECK(bench.accounts.list().size() == 2);

    const auto other = bench.accounts.find("saved");
    REQUIRE_FALSE(other);
    if (vault == VaultState::locked) {
        CHECK(other.error().code == ErrorCode::locked);
        CHECK(detail(other.error(), "state") == R"("locked")");
        CHECK(other.error().remedy == "run: krakkenctl unlock");
    } else {
        // No vault and keys from the environment: all there is is open.
        CHECK(other.error().code == ErrorCode::unknown_account);
        CHECK(detail(other.error(), "accounts") == R"(["master","user_bob"])");
    }
}

TEST_CASE("an account that a lock has wiped says that only a restart helps") {
    Bench bench;
    bench.keeper.hold_environment("master", "0000000a");
    bench.keeper.hold("bob", "0000000b");
    bench.accounts.refresh();
    lock(bench);
    CHECK(bench.accounts.list().empty());
    for (const bool unlocked : {false, true}) {
        if (unlocked) unlock(bench);
        const auto wiped = bench.accounts.find("master");
        REQUIRE_FALSE(wiped);
        CHECK(wiped.error().code == ErrorCode::locked);
        CHECK(detail(wiped.error(), "state") == R"("locked")");
        CHECK(wiped.error().remedy == "restart krakkend with its environment");
        CHECK(meant(bench, "bob") == (unlocked ? "bob" : "-locked"));
    }
}

TEST_CASE("a call without a name goes where it went before a lock or unlock, or nowhere") {
    struct Row {
        std::string environment;  // "" for none
        std::string saved;
        std::string at_start;  // vault locked
        std::string unlocked;
        std::string locked;
        std::string unlocked_again;
    };
    const auto [environment, saved, at_start, unlocked, locked, unlocked_again] = GENERATE(
        as<Row>(),
        Row{"", "", "-locked", "-no_credentials", "-locked", "-no_credentials"},
        Row{"", "b", "-locked", "b", "-locked", "b"},
        Row{"", "b c", "-locked", "-unknown_account", "-locked", "-unknown_account"},
        Row{"a", "", "a", "a", "-locked", "-locked"},
        Row{"a", "b", "a", "-unknown_account", "-locked", "-unknown_account"},
        Row{"a", "a", "a", "a", "-locked", "-locked"},  // hidden, and stays so
        Row{"a b", "", "-unknown_account", "-unknown_account", "-unknown_account", "-unknown_account"},
        Row{"a b", "c", "-unknown_account", "-unknown_account", "-unknown_account", "-unknown_account"}
    );
    CAPTURE(environment, saved);
    Bench bench;
    bench.keeper.vault = VaultState::locked;
    for (const char name : environment)
        if (name != ' ') bench.keeper.hold_environment(std::string(1, name), std::string("0000001") + name);
    for (const char name : saved)
        if (name != ' ') bench.keeper.hold(std::string(1, name), std::string("0000002") + name);
    bench.accounts.refresh();
    CHECK(meant(bench) == at_start);
    unlock(bench);
    CHECK(meant(bench) == unlocked);
    lock(bench);
    CHECK(meant(bench) == locked);
    unlock(bench);
    CHECK(meant(bench) == unlocked_again);
}

TEST_CASE("a default account is meant in every state, and none stands in for it") {
    Bench bench({.default_account = "bob"});
    bench.keeper.vault = VaultState::locked;
    bench.keeper.hold_environment("master", "0000000a");
    bench.keeper.hold("bob", "0000000b");
    bench.accounts.refresh();
    CHECK(meant(bench) == "-locked");
    unlock(bench);
    CHECK(meant(bench) == "bob");
    lock(bench);
    CHECK(meant(bench) == "-locked");
}

TEST_CASE("only the environment's accounts, wiped: locked") {
    Bench bench;
    bench.keeper.vault = VaultState::uninitialized;
    bench.keeper.hold_environment("master", "0000000a");
    bench.accounts.refresh();
    CHECK(meant(bench) == "master");
    lock(bench);
    const auto wiped = bench.accounts.find(std::nullopt);
    REQUIRE_FALSE(wiped);
    CHECK(wiped.error().code == ErrorCode::locked);
    CHECK(wiped.error().remedy == "restart krakkend with its environment");
    CHECK(meant(bench, "other") == "-locked");
}

TEST_CASE("accounts of the environment are not added, validated or removed") {
    Bench bench;
    bench.keeper.hold_environment("master", "0000000a");
    bench.keeper.hold("master", "0000000b");
    bench.accounts.refresh();
    const auto master = *base::AccountName::parse("master");
    const auto check = [](const protocol::Error& error) {
        CHECK(error.code == ErrorCode::invalid_params);
        CHECK(detail(error, "reason") == R"("environment")");
        CHECK(error.account == "master");
        CHECK_FALSE(error.remedy.empty());
    };
    for (const auto policy : {SavePolicy::validated, SavePolicy::anyway})
        check(bench.loop.run(bench.accounts.add(candidate("master"), policy)).error());
    check(bench.loop.run(bench.accounts.validate(master)).error());
    check(bench.loop.run(bench.accounts.remove(master)).error());
    CHECK(bench.keeper.saved.size() == 1);
    CHECK(bench.upstream.requests.empty());
    CHECK(meant(bench, "master") == "master");
}

TEST_CASE("without an open vault nothing can be added, keys of the environment or not") {
    struct Row {
        VaultState vault;
        bool environment;
        std::string state;
    };
    const auto [vault, environment, state] = GENERATE(
        as<Row>(),
        Row{VaultState::uninitialized, false, R"("uninitialized")"},
        Row{VaultState::uninitialized, true, R"("uninitialized")"},
        Row{VaultState::locked, false, R"("locked")"},
        Row{VaultState::locked, true, R"("locked")"}
    );
    Bench bench;
    bench.keeper.vault = vault;
    if (environment) bench.keeper.hold_environment("master", "0000000a");
    bench.accounts.refresh();
    const auto added = bench.loop.run(bench.accounts.add(candidate("bob"), SavePolicy::anyway));
    REQUIRE_FALSE(added);
    CHECK(added.error().code == ErrorCode::locked);
    CHECK(detail(added.error(), "state") == state);
    CHECK(bench.upstream.requests.empty());
}

TEST_CASE("B5: where a key comes from and what it hides is known of each account") {
    Bench bench({.accounts = {{*base::AccountName::parse("master"), {.tier = base::Tier::pro}}}});
    bench.keeper.hold_environment("master", "0000000a");
    bench.keeper.hold("master", "0000000b");
    bench.keeper.hold("bob", "0000000c");
    bench.accounts.refresh();
    const auto& master = (*bench.accounts.find("master"))->info();
    CHECK(master.source == keeper::Source::environment);
    CHECK(master.hides_vault_entry);
    CHECK(master.key == base::KeyId("0000000a"));
    CHECK(master.tier == base::Tier::pro);
    const auto& bob = (*bench.accounts.find("bob"))->info();
    CHECK(bob.source == keeper::Source::vault);
    CHECK_FALSE(bob.hides_vault_entry);
}

TEST_CASE("two names of one key share its nonces") {
    Bench bench;
    bench.keeper.hold_environment("master", "0000000a");
    bench.keeper.hold_environment("user_same", "0000000a");
    bench.accounts.refresh();
    REQUIRE(bench.loop.run((*bench.accounts.find("master"))->call(call_of("Balance"))));
    REQUIRE(bench.loop.run((*bench.accounts.find("user_same"))->call(call_of("Balance"))));
    bench.accounts.refresh();
    CHECK((*bench.accounts.find("master"))->calls() == 1);
    const auto nonces = bench.upstream.nonces();
    CHECK(nonces.at(1) == nonces.at(0) + 1);
}
