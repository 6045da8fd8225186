// Keys from the environment beside a vault: which keys serve, what the state is, and what a lock leaves.

#include "keeper/keeper.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace krakken::keeper;
using namespace krakken::keeper::test;
using krakken::base::AccountName;
using krakken::base::KeyId;
using krakken::protocol::ErrorCode;

namespace {

AccountName name(std::string_view text) {
    return *AccountName::parse(text);
}

// What list() says, each as "account source", and "hides" or nothing.
std::vector<std::string> listed(const Keeper& keeper) {
    std::vector<std::string> lines;
    for (const KeyInfo& info : keeper.list())
        lines.push_back(
            info.account.text() + (info.source == Source::environment ? " environment" : " vault") +
            (info.hides_vault_entry ? " hides" : "")
        );
    return lines;
}

KeyId key_of(const Keeper& keeper, std::string_view account) {
    for (const KeyInfo& info : keeper.list()) {
        if (info.account.text() == account) return info.key;
    }
    throw std::logic_error("no such account");
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("the state follows from vault, environment and lock", "[environment]") {
    struct Case {
        bool vault, open, environment, locked;
        VaultState state;
    };
    const auto test = GENERATE(values<Case>({
        {false, false, false, false, VaultState::uninitialized},
        {false, false, false, true, VaultState::uninitialized},
        {false, false, true, false, VaultState::unlocked},
        {false, false, true, true, VaultState::locked},
        {true, false, false, false, VaultState::locked},
        {true, false, false, true, VaultState::locked},
        {true, false, true, false, VaultState::locked},
        {true, false, true, true, VaultState::locked},
        {true, true, false, false, VaultState::unlocked},
        {true, true, false, true, VaultState::locked},
        {true, true, true, false, VaultState::unlocked},
        {true, true, true, true, VaultState::locked},
    }));
    CAPTURE(test.vault, test.open, test.environment, test.locked);
    Fixture fixture;
    if (test.vault) fixture.create();
    fixture.restart(test.environment ? from_environment({{"master", "env-key"}}) : EnvironmentKeys{});
    if (test.open) REQUIRE(fixture.unlock().has_value());
    if (test.locked) fixture.keeper->lock();
    CHECK(fixture.keeper->state() == test.state);
    CHECK(fixture.keeper->vault_is_open() == (test.open && !test.locked));
    CHECK(fixture.keeper->needs_restart(name("master")) == (test.environment && test.locked));
    CHECK_FALSE(fixture.keeper->needs_restart(name("other")));
    CHECK(fixture.keeper->list().size() == (test.environment && !test.locked ? 1 : 0));
}

TEST_CASE("a key from the environment serves without a vault, and beside a locked one", "[environment]") {
    Fixture fixture;
    const bool with_vault = GENERATE(false, true);
    CAPTURE(with_vault);
    if (with_vault) fixture.create();
    fixture.restart(from_environment({{"master", "env-key"}, {"user_bob", "bob-key"}}));
    CHECK(listed(*fixture.keeper) == Lines{"master environment", "user_bob environment"});
    const auto signed_request = fixture.sign(key_of(*fixture.keeper, "master"));
    REQUIRE(signed_request.has_value());
    CHECK(signed_request->api_key == "env-key");
    CHECK(
        signed_request->signature ==
        "1nH4vwR+8FHiYh1QT649xXkGd3JR3x0DWkgv3u9Ed/Qqv6KPtgQpEU4m+Emb/VgpEji3j1XNwI+HCbfXxmrTOg=="
    );
    CHECK(fixture.sign(key_of(*fixture.keeper, "user_bob"))->api_key == "bob-key");

    const auto unknown = fixture.sign(KeyId("00000000")).error();
    CHECK(unknown.code == (with_vault ? ErrorCode::locked : ErrorCode::no_credentials));
}

TEST_CASE("the environment goes before the vault, account by account", "[environment]") {
    Fixture fixture;
    fixture.create();
    const auto saved_master = fixture.add("master", "saved-master");
    const auto saved_alice = fixture.add("alice", "saved-alice");
    const auto saved_zoe = fixture.add("zoe", "saved-zoe");
    fixture.restart(from_environment({{"master", "env-master"}, {"user_bob", "env-bob"}}));
    CHECK(listed(*fixture.keeper) == Lines{"master environment", "user_bob environment"});
    CHECK(fixture.sign(saved_alice).error().code == ErrorCode::locked);

    REQUIRE(fixture.unlock().has_value());
    CHECK(
        listed(*fixture.keeper) ==
        Lines{"alice vault", "master environment hides", "user_bob environment", "zoe vault"}
    );
    CHECK(fixture.sign(key_of(*fixture.keeper, "master"))->api_key == "env-master");
    CHECK(fixture.sign(saved_zoe)->api_key == "saved-zoe");
    // The hidden one does not serve, is not changed, and is there again without the environment.
    CHECK(fixture.sign(saved_master).error().code == ErrorCode::no_credentials);
    CHECK(fixture.run(fixture.keeper->remove(saved_master)).error().code == ErrorCode::no_credentials);
    CHECK(
        fixture.run(fixture.keeper->mark_validated(saved_master, {})).error().code ==
        ErrorCode::no_credentials
    );
    fixture.restart();
    REQUIRE(fixture.unlock().has_value());
    CHECK(listed(*fixture.keeper) == Lines{"alice vault", "master vault", "zoe vault"});
    CHECK(fixture.sign(saved_master).has_value());
}

TEST_CASE("after a lock an account of the environment is gone until a restart", "[environment]") {
    Fixture fixture;
    fixture.create();
    const auto saved_master = fixture.add("master", "saved-master");
    fixture.add("alice", "saved-alice");
    fixture.restart(from_environment({{"master", "env-master"}}));
    const auto wiped = key_of(*fixture.keeper, "master");
    fixture.keeper->lock();
    CHECK(fixture.keeper->list().empty());
    const auto check_wiped = [&] {
        const auto refused = fixture.sign(wiped);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == ErrorCode::locked);
        CHECK(state_of(refused.error()) == "locked");
        CHECK(refused.error().remedy == "restart krakkend with its environment");
        CHECK(fixture.keeper->needs_restart(name("master")));
    };
    check_wiped();

    // The saved key of that name does not stand in: it may belong to another account at Kraken.
    REQUIRE(fixture.unlock().has_value());
    CHECK(fixture.keeper->state() == VaultState::unlocked);
    CHECK(listed(*fixture.keeper) == Lines{"alice vault"});
    CHECK_FALSE(fixture.sign(saved_master).has_value());
    check_wiped();
    CHECK(reason(fixture.run(fixture.keeper->stage(new_key("master", "new-key"))).error()) == "environment");
    CHECK_FALSE(fixture.run(fixture.keeper->mark_validated(wiped, {})).has_value());
}

TEST_CASE("adding needs an open vault and a name that the environment has not", "[environment]") {
    Fixture fixture;
    fixture.restart(from_environment({{"master", "env-key"}}));
    const auto stage = [&](std::string_view account, std::string_view api_key) {
        return fixture.run(fixture.keeper->stage(new_key(account, api_key)));
    };
    // Without a vault the environment's keys serve, but nothing can be saved.
    const auto no_vault = stage("bot", "bot-key").error();
    CHECK(no_vault.code == ErrorCode::locked);
    CHECK(state_of(no_vault) == "uninitialized");
    CHECK(no_vault.remedy == "run: krakkenctl setup");

    fixture.create();
    CHECK(listed(*fixture.keeper) == Lines{"master environment"});
    const auto taken = stage("master", "bot-key").error();
    CHECK(taken.code == ErrorCode::invalid_params);
    CHECK(reason(taken) == "environment");
    CHECK(
        taken.message ==
        "the account master has its key from krakkend's environment, which only a restart changes"
    );
    const auto held = stage("bot", "env-key").error();
    CHECK(held.code == ErrorCode::invalid_params);
    CHECK(reason(held) == "exists");
    CHECK(held.message == "that API key is held under the name master");

    fixture.add("bot", "bot-key");
    CHECK(listed(*fixture.keeper) == Lines{"bot vault", "master environment"});
    fixture.restart();
    REQUIRE(fixture.unlock().has_value());
    CHECK(listed(*fixture.keeper) == Lines{"bot vault"});

    fixture.restart(from_environment({{"master", "env-key"}}));
    const auto locked = stage("new", "new-key").error();
    CHECK(locked.code == ErrorCode::locked);
    CHECK(state_of(locked) == "locked");
    CHECK(locked.remedy == "run: krakkenctl unlock");
}

TEST_CASE("a key of the environment is not removed, and validated in memory alone", "[environment]") {
    Fixture fixture;
    fixture.restart(from_environment({{"master", "env-key"}}));
    const auto key = key_of(*fixture.keeper, "master");
    CHECK_FALSE(fixture.keeper->list()[0].validated_at.has_value());
    REQUIRE(fixture.run(fixture.keeper->mark_validated(key, fixture.clock.time)).has_value());
    CHECK(fixture.keeper->list()[0].validated_at == fixture.clock.time);
    CHECK(reason(fixture.run(fixture.keeper->remove(key)).error()) == "environment");

    fixture.create();
    const auto image = read_file(fixture.scratch.vault());
    CHECK(fixture.run(fixture.keeper->mark_validated(key, fixture.clock.time)).has_value());
    CHECK(reason(fixture.run(fixture.keeper->remove(key)).error()) == "environment");
    CHECK(read_file(fixture.scratch.vault()) == image);
}

TEST_CASE("one API key under two names is there twice", "[environment]") {
    Fixture fixture;
    fixture.create();
    const auto key = fixture.add("bot", "one-key", "password");
    fixture.restart(from_environment({{"master", "one-key"}}));
    CHECK(fixture.sign(key)->body == "nonce=1616492376594");
    REQUIRE(fixture.unlock().has_value());
    CHECK(listed(*fixture.keeper) == Lines{"bot vault", "master environment"});
    CHECK(fixture.sign(key)->body == "nonce=1616492376594&otp=password");
    fixture.clock.time += std::chrono::seconds(1);
    REQUIRE(fixture.run(fixture.keeper->mark_validated(key, fixture.clock.time)).has_value());
    for (const KeyInfo& info : fixture.keeper->list())
        CHECK(info.validated_at == fixture.clock.time);

    // The saved one goes on after a lock, and can be removed.
    fixture.keeper->lock();
    CHECK_FALSE(fixture.sign(key).has_value());
    REQUIRE(fixture.unlock().has_value());
    CHECK(listed(*fixture.keeper) == Lines{"bot vault"});
    CHECK(fixture.keeper->list()[0].validated_at == fixture.clock.time);
    CHECK(fixture.sign(key).has_value());
    CHECK(fixture.run(fixture.keeper->remove(key)).has_value());
    CHECK(fixture.keeper->list().empty());
}

TEST_CASE("a lock during an unlock wipes the environment's keys, too", "[environment]") {
    Fixture fixture;
    fixture.create();
    fixture.restart(from_environment({{"master", "env-key"}}));
    std::optional<Result<void>> outcome;
    boost::asio::co_spawn(
        fixture.loop,
        fixture.keeper->unlock(text("right")),
        [&](std::exception_ptr, Result<void> result) { outcome = std::move(result); }
    );
    fixture.loop.restart();
    while (fixture.loop.poll_one() > 0) {
    }
    REQUIRE_FALSE(outcome.has_value());
    fixture.keeper->lock();
    CHECK(fixture.keeper->list().empty());
    fixture.loop.run();
    CHECK(outcome->error().code == ErrorCode::locked);
    CHECK(fixture.keeper->list().empty());
    CHECK(fixture.keeper->state() == VaultState::locked);
}
