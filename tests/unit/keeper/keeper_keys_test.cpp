// Several keys of one account in the vault: joining, listing, signing, removing, and older files.

#include "keeper/contents.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace krakken::keeper;
using namespace krakken::keeper::test;
using krakken::base::KeyId;
using krakken::protocol::ErrorCode;

namespace {

NewKey joining(std::string_view account, std::string_view api_key) {
    NewKey key = new_key(account, api_key);
    key.joins = true;
    return key;
}

KeyId join(Fixture& fixture, std::string_view account, std::string_view api_key) {
    const auto staged = fixture.run(fixture.keeper->stage(joining(account, api_key)));
    REQUIRE(staged.has_value());
    REQUIRE(fixture.run(fixture.keeper->commit(staged->key, fixture.clock.time)).has_value());
    return staged->key;
}

// "account:key account:key", as listed.
std::string listed(const Fixture& fixture) {
    std::string all;
    for (const KeyInfo& info : fixture.keeper->list())
        all += (all.empty() ? "" : " ") + info.account.text() + ':' + info.key.hex();
    return all;
}

std::string named(std::string_view account, const KeyId& key) {
    return std::string(account) + ':' + key.hex();
}

}  // namespace

TEST_CASE(
    "an account's keys are listed as they were saved, each signs, and they survive a restart", "[keeper]"
) {
    Fixture fixture;
    fixture.create();
    const auto zoe = fixture.add("zoe", "z-key");
    const auto first = fixture.add("master", "z-first");
    const auto second = join(fixture, "master", "a-second");
    const auto adam = fixture.add("adam", "adam-key");
    const auto third = join(fixture, "master", "m-third");
    const std::string all = named("adam", adam) + ' ' + named("master", first) + ' ' +
                            named("master", second) + ' ' + named("master", third) + ' ' + named("zoe", zoe);
    CHECK(listed(fixture) == all);
    fixture.restart();
    REQUIRE(fixture.unlock().has_value());
    CHECK(listed(fixture) == all);
    CHECK(fixture.sign(first)->api_key == "z-first");
    CHECK(fixture.sign(second)->api_key == "a-second");
    CHECK(fixture.sign(third)->api_key == "m-third");
}

TEST_CASE("one key of several is removed, and the others stay", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto first = fixture.add("master", "first");
    const auto second = join(fixture, "master", "second");
    REQUIRE(fixture.run(fixture.keeper->remove(first)).has_value());
    CHECK(fixture.sign(first).error().code == ErrorCode::no_credentials);
    fixture.restart();
    REQUIRE(fixture.unlock().has_value());
    CHECK(listed(fixture) == named("master", second));
    CHECK(fixture.sign(second).has_value());
    REQUIRE(fixture.run(fixture.keeper->remove(second)).has_value());
    CHECK(fixture.keeper->list().empty());
}

TEST_CASE("a key joins an account that the vault holds, and no key is held twice", "[keeper]") {
    Fixture fixture;
    fixture.create();
    fixture.add("master", "first");
    fixture.add("other", "other-key");
    REQUIRE(fixture.run(fixture.keeper->stage(joining("master", "staged"))).has_value());
    REQUIRE(fixture.run(fixture.keeper->stage(new_key("fresh", "fresh-key"))).has_value());
    CHECK(fixture.run(fixture.keeper->stage(joining("master", "staged-too"))).has_value());
    struct Row {
        const char* account;
        const char* api_key;
        bool joins;
        ErrorCode code;
    };
    for (const auto& [account, api_key, joins, code] : std::vector<Row>{
             {"master", "new", false, ErrorCode::invalid_params},
             {"fresh", "new", false, ErrorCode::invalid_params},
             {"master", "first", true, ErrorCode::invalid_params},
             {"master", "other-key", true, ErrorCode::invalid_params},
             {"other", "staged", true, ErrorCode::invalid_params},
             {"nobody", "new", true, ErrorCode::unknown_account},
             {"fresh", "new", true, ErrorCode::unknown_account},
         }) {
        CAPTURE(account, api_key, joins);
        auto key = new_key(account, api_key);
        key.joins = joins;
        const auto refused = fixture.run(fixture.keeper->stage(std::move(key)));
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == code);
        CHECK(reason(refused.error()) == (code == ErrorCode::invalid_params ? "exists" : ""));
    }
}

TEST_CASE("a key does not join an account that was removed meanwhile", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto first = fixture.add("master", "first");
    const auto staged = fixture.run(fixture.keeper->stage(joining("master", "second")));
    REQUIRE(staged.has_value());
    REQUIRE(fixture.run(fixture.keeper->remove(first)).has_value());
    CHECK(fixture.run(fixture.keeper->commit(staged->key, {})).error().code == ErrorCode::unknown_account);
    CHECK(fixture.keeper->list().empty());
}

TEST_CASE("a validation is that of its key alone", "[keeper]") {
    Fixture fixture;
    fixture.create();
    fixture.add("master", "first");
    const auto staged = *fixture.run(fixture.keeper->stage(joining("master", "second")));
    REQUIRE(fixture.run(fixture.keeper->commit(staged.key, std::nullopt)).has_value());
    const auto before = fixture.keeper->list();
    REQUIRE(before.size() == 2);
    CHECK(before[0].validated_at.has_value());
    CHECK_FALSE(before[1].validated_at.has_value());
    const auto later = fixture.clock.time + std::chrono::hours(1);
    REQUIRE(fixture.run(fixture.keeper->mark_validated(staged.key, later)).has_value());
    fixture.restart();
    REQUIRE(fixture.unlock().has_value());
    CHECK(fixture.keeper->list()[0].validated_at == fixture.clock.time);
    CHECK(fixture.keeper->list()[1].validated_at == later);
}

TEST_CASE("a key of the environment hides all saved ones of its account", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto first = fixture.add("master", "first");
    const auto second = join(fixture, "master", "second");
    fixture.restart(from_environment({{"master", "environment-key"}}));
    REQUIRE(fixture.unlock().has_value());
    REQUIRE(fixture.keeper->list().size() == 1);
    CHECK(fixture.keeper->list()[0].hides_vault_entry);
    for (const auto& key : {first, second})
        CHECK(fixture.sign(key).error().code == ErrorCode::no_credentials);
    const auto refused = fixture.run(fixture.keeper->stage(joining("master", "third")));
    CHECK(reason(refused.error()) == "environment");
}

TEST_CASE("a vault from before accounts had several keys opens, and takes another key", "[keeper]") {
    // Passphrase "right"; account master with "api-key", account other with "other-key" and a TOTP seed.
    Fixture fixture;
    write_file(fixture.scratch.vault(), read_file(OLDER_VAULT));
    chmod(fixture.scratch.vault().c_str(), 0600);
    REQUIRE(fixture.unlock().has_value());
    const auto before = fixture.keeper->list();
    REQUIRE(before.size() == 2);
    CHECK(before[0].account.text() == "master");
    CHECK(before[1].account.text() == "other");
    CHECK(before[1].has_otp);
    CHECK(fixture.sign(before[0].key)->api_key == "api-key");
    const auto second = join(fixture, "master", "second");
    fixture.restart();
    REQUIRE(fixture.unlock().has_value());
    CHECK(
        listed(fixture) ==
        named("master", before[0].key) + ' ' + named("master", second) + ' ' + named("other", before[1].key)
    );
}
