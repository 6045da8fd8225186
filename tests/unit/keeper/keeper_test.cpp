// The keeper through its seam: what a vault goes through between being made and being locked.

#include "keeper/keeper.hpp"
#include "support.hpp"

#include <sys/resource.h>
#include <catch2/catch.hpp>

#include <csignal>
#include <string>

using namespace krakken::keeper;
using namespace krakken::keeper::test;
using krakken::base::KeyId;
using krakken::protocol::ErrorCode;
namespace fs = std::filesystem;

TEST_CASE("without a vault every call says so and how to make one", "[keeper]") {
    Fixture fixture;
    CHECK(fixture.keeper->state() == VaultState::uninitialized);
    CHECK(reason(fixture.unlock().error()) == "missing");
    const auto refused = fixture.sign(KeyId("00000000")).error();
    CHECK(refused.code == ErrorCode::locked);
    CHECK(state_of(refused) == "uninitialized");
    CHECK(refused.remedy == "run: krakkenctl setup");
    CHECK(state_of(fixture.run(fixture.keeper->stage(new_key("a", "k"))).error()) == "uninitialized");
}

TEST_CASE("a key survives lock, restart and unlock", "[keeper]") {
    Fixture fixture;
    fixture.create();
    CHECK(fixture.keeper->state() == VaultState::unlocked);
    const auto key = fixture.add("master", "api-key");
    const auto before = fixture.sign(key);
    REQUIRE(before.has_value());
    CHECK(before->api_key == "api-key");
    CHECK(before->body == "nonce=1616492376594");
    CHECK(
        before->signature ==
        "1nH4vwR+8FHiYh1QT649xXkGd3JR3x0DWkgv3u9Ed/Qqv6KPtgQpEU4m+Emb/VgpEji3j1XNwI+HCbfXxmrTOg=="
    );

    fixture.restart();
    CHECK(fixture.keeper->state() == VaultState::locked);
    CHECK(fixture.keeper->list().empty());
    REQUIRE(fixture.unlock().has_value());
    CHECK(fixture.sign(key)->signature == before->signature);
    const auto list = fixture.keeper->list();
    REQUIRE(list.size() == 1);
    CHECK(list[0].account.text() == "master");
    CHECK(list[0].key == key);
    CHECK(list[0].validated_at == fixture.clock.time);
}

TEST_CASE("a wrong passphrase opens nothing, and closes nothing that is open", "[keeper]") {
    Fixture fixture;
    fixture.create();
    CHECK(fixture.unlock("wrong").error().code == ErrorCode::passphrase);
    CHECK(fixture.keeper->state() == VaultState::unlocked);
    CHECK(fixture.unlock().has_value());
    fixture.keeper->lock();
    for (const char* passphrase : {"", "wrong", "Right", "right ", "righ"})
        CHECK(fixture.unlock(passphrase).error().code == ErrorCode::passphrase);
    CHECK(fixture.keeper->state() == VaultState::locked);
}

TEST_CASE("after a lock nothing signs, saved or staged", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto saved = fixture.add("master", "api-key");
    const auto staged = fixture.run(fixture.keeper->stage(new_key("other", "other-key")));
    REQUIRE(staged.has_value());
    fixture.keeper->lock();
    for (const auto& key : {saved, staged->key}) {
        const auto refused = fixture.sign(key);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == ErrorCode::locked);
        CHECK(state_of(refused.error()) == "locked");
        CHECK(refused.error().remedy == "run: krakkenctl unlock");
    }
    CHECK(fixture.run(fixture.keeper->commit(staged->key, {})).error().code == ErrorCode::locked);
    CHECK(fixture.run(fixture.keeper->remove(saved)).error().code == ErrorCode::locked);
    REQUIRE(fixture.unlock().has_value());
    CHECK(fixture.sign(saved).has_value());
    CHECK_FALSE(fixture.sign(staged->key).has_value());
    fixture.keeper->lock();
    fixture.keeper->lock();
}

TEST_CASE("a lock during an unlock wins", "[keeper]") {
    Fixture fixture;
    fixture.create();
    fixture.keeper->lock();
    std::optional<Result<void>> outcome;
    boost::asio::co_spawn(
        fixture.loop,
        fixture.keeper->unlock(text("right")),
        [&](std::exception_ptr, Result<void> result) { outcome = std::move(result); }
    );
    fixture.loop.restart();
    while (fixture.loop.poll_one() > 0) {
    }
    REQUIRE_FALSE(outcome.has_value());  // Argon2id is at work on its own thread
    fixture.keeper->lock();
    fixture.loop.run();
    REQUIRE(outcome.has_value());
    CHECK(outcome->error().code == ErrorCode::locked);
    CHECK(fixture.keeper->state() == VaultState::locked);
}

TEST_CASE("a lock during a save leaves the key saved and the vault locked", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto staged = *fixture.run(fixture.keeper->stage(new_key("master", "api-key")));
    const auto before = read_file(fixture.scratch.vault());
    std::optional<Result<void>> outcome;
    boost::asio::co_spawn(
        fixture.loop,
        fixture.keeper->commit(staged.key, {}),
        [&](std::exception_ptr, Result<void> result) { outcome = std::move(result); }
    );
    fixture.run_into_save(before);
    REQUIRE_FALSE(outcome.has_value());
    fixture.keeper->lock();
    fixture.loop.run();
    REQUIRE(outcome.has_value());
    CHECK(outcome->has_value());
    CHECK(fixture.keeper->state() == VaultState::locked);
    CHECK(fixture.keeper->list().empty());
    REQUIRE(fixture.unlock().has_value());
    CHECK(fixture.keeper->list().size() == 1);
}

TEST_CASE("calls that change the vault are done one after another", "[keeper]") {
    Fixture fixture;
    fixture.create();
    std::vector<KeyId> keys;
    for (const char* name : {"c", "a", "d", "b"})
        keys.push_back(fixture.run(fixture.keeper->stage(new_key(name, name)))->key);
    std::vector<std::size_t> done;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        boost::asio::co_spawn(
            fixture.loop,
            fixture.keeper->commit(keys[i], {}),
            [&, i](std::exception_ptr, Result<void> result) {
                CHECK(result.has_value());
                done.push_back(i);
            }
        );
    }
    fixture.loop.restart();
    fixture.loop.run();
    CHECK(done == std::vector<std::size_t>{0, 1, 2, 3});
    fixture.restart();
    REQUIRE(fixture.unlock().has_value());
    std::string names;
    for (const auto& info : fixture.keeper->list())
        names += info.account.text();
    CHECK(names == "abcd");
}

TEST_CASE("calls that would wait without bound are turned away", "[keeper]") {
    Fixture fixture;
    fixture.create();
    std::size_t overloaded = 0;
    std::size_t ended = 0;
    for (int i = 0; i < 40; ++i) {
        boost::asio::co_spawn(
            fixture.loop,
            fixture.keeper->mark_validated(KeyId("00000000"), {}),
            [&](std::exception_ptr, Result<void> result) {
                ++ended;
                if (result.error().code == ErrorCode::overloaded) ++overloaded;
            }
        );
    }
    fixture.loop.restart();
    fixture.loop.run();
    CHECK(ended == 40);
    CHECK(overloaded > 0);
    CHECK(fixture.unlock().has_value());
}

TEST_CASE("a staged key signs, is not listed, and is gone when discarded", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto staged = fixture.run(fixture.keeper->stage(new_key("master", "api-key")));
    REQUIRE(staged.has_value());
    CHECK(staged->warnings.empty());
    CHECK(fixture.sign(staged->key).has_value());
    CHECK(fixture.keeper->list().empty());
    fixture.keeper->discard(staged->key);
    CHECK(fixture.sign(staged->key).error().code == ErrorCode::no_credentials);
    CHECK(fixture.run(fixture.keeper->commit(staged->key, {})).error().code == ErrorCode::no_credentials);
    fixture.restart();
    REQUIRE(fixture.unlock().has_value());
    CHECK(fixture.keeper->list().empty());
}

TEST_CASE("a name or a key that exists is refused, saved or staged", "[keeper]") {
    Fixture fixture;
    fixture.create();
    fixture.add("master", "api-key");
    REQUIRE(fixture.run(fixture.keeper->stage(new_key("other", "other-key"))).has_value());
    for (const auto& [account, api_key] : std::vector<std::pair<std::string, std::string>>{
             {"master", "new-key"}, {"new", "api-key"}, {"other", "new-key"}, {"new", "other-key"}
         }) {
        CAPTURE(account, api_key);
        const auto refused = fixture.run(fixture.keeper->stage(new_key(account, api_key)));
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == ErrorCode::invalid_params);
        CHECK(reason(refused.error()) == "exists");
    }
}

TEST_CASE("validation and removal are saved", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto staged = *fixture.run(fixture.keeper->stage(new_key("master", "api-key")));
    REQUIRE(fixture.run(fixture.keeper->commit(staged.key, std::nullopt)).has_value());
    CHECK_FALSE(fixture.keeper->list()[0].validated_at.has_value());
    const auto other = fixture.add("other", "other-key");
    REQUIRE(fixture.run(fixture.keeper->mark_validated(staged.key, fixture.clock.time)).has_value());
    REQUIRE(fixture.run(fixture.keeper->remove(other)).has_value());
    CHECK(fixture.run(fixture.keeper->remove(other)).error().code == ErrorCode::no_credentials);
    fixture.restart();
    REQUIRE(fixture.unlock().has_value());
    REQUIRE(fixture.keeper->list().size() == 1);
    CHECK(fixture.keeper->list()[0].validated_at == fixture.clock.time);
    CHECK(fixture.sign(staged.key).has_value());
}

TEST_CASE("a vault is made once, and not with an empty passphrase", "[keeper]") {
    Fixture fixture;
    CHECK(fixture.run(fixture.keeper->create(text(""))).error().code == ErrorCode::invalid_params);
    CHECK(fixture.keeper->state() == VaultState::uninitialized);
    fixture.create();
    const auto image = read_file(fixture.scratch.vault());
    CHECK(reason(fixture.run(fixture.keeper->create(text("other"))).error()) == "exists");
    CHECK(read_file(fixture.scratch.vault()) == image);
}

TEST_CASE("the passphrase changes, open or locked, and everything else stays", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto key = fixture.add("master", "api-key");
    CHECK(
        fixture.run(fixture.keeper->change_passphrase(text("wrong"), text("new"))).error().code ==
        ErrorCode::passphrase
    );
    REQUIRE(fixture.run(fixture.keeper->change_passphrase(text("right"), text("new"))).has_value());
    CHECK(fixture.keeper->state() == VaultState::unlocked);
    fixture.add("other", "other-key");  // a save after the change goes on from the changed file
    fixture.keeper->lock();
    CHECK(fixture.unlock("right").error().code == ErrorCode::passphrase);
    REQUIRE(fixture.run(fixture.keeper->change_passphrase(text("new"), text("newer"))).has_value());
    CHECK(fixture.keeper->state() == VaultState::locked);
    REQUIRE(fixture.unlock("newer").has_value());
    CHECK(fixture.keeper->list().size() == 2);
    CHECK(fixture.sign(key).has_value());
}

TEST_CASE("a key file opens the vault until it is removed", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto key = fixture.add("master", "api-key");
    const auto file = fixture.scratch.path() / "vault-key";
    CHECK(
        fixture.run(fixture.keeper->add_key_file(text("wrong"), file)).error().code == ErrorCode::passphrase
    );
    CHECK_FALSE(fs::exists(file));
    REQUIRE(fixture.run(fixture.keeper->add_key_file(text("right"), file)).has_value());
    fixture.restart();
    REQUIRE(fixture.run(fixture.keeper->unlock_with_key_file(file)).has_value());
    CHECK(fixture.sign(key).has_value());
    REQUIRE(fixture.run(fixture.keeper->change_passphrase(text("right"), text("new"))).has_value());
    fixture.keeper->lock();
    REQUIRE(fixture.run(fixture.keeper->unlock_with_key_file(file)).has_value());

    REQUIRE(fixture.run(fixture.keeper->remove_key_file(text("new"), file)).has_value());
    CHECK(
        fixture.run(fixture.keeper->remove_key_file(text("new"), file)).error().code ==
        ErrorCode::invalid_params
    );
    fixture.keeper->lock();
    CHECK(fixture.run(fixture.keeper->unlock_with_key_file(file)).error().code == ErrorCode::passphrase);
    CHECK(fixture.unlock("new").has_value());
}

TEST_CASE("a vault takes seven key files and no more", "[keeper]") {
    Fixture fixture;
    fixture.create();
    for (int i = 0; i < 7; ++i) {
        const auto file = fixture.scratch.path() / ("key" + std::to_string(i));
        REQUIRE(fixture.run(fixture.keeper->add_key_file(text("right"), file)).has_value());
    }
    const auto file = fixture.scratch.path() / "one-too-many";
    CHECK(
        fixture.run(fixture.keeper->add_key_file(text("right"), file)).error().code ==
        ErrorCode::invalid_params
    );
    CHECK_FALSE(fs::exists(file));
    CHECK(fixture.run(fixture.keeper->unlock_with_key_file(fixture.scratch.path() / "key6")).has_value());
}

TEST_CASE("a save that fails leaves file, memory and candidate as they were", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto key = fixture.add("master", "api-key");
    const auto image = read_file(fixture.scratch.vault());
    const auto staged = *fixture.run(fixture.keeper->stage(new_key("other", "other-key")));

    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{image.size(), before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);  // enough for the previous version, too little for the next
    const auto full = fixture.run(fixture.keeper->commit(staged.key, {}));
    setrlimit(RLIMIT_FSIZE, &before);
    REQUIRE_FALSE(full.has_value());
    CHECK(full.error().code == ErrorCode::storage);

    chmod(fixture.scratch.path().c_str(), 0500);
    const auto refused = fixture.run(fixture.keeper->commit(staged.key, {}));
    chmod(fixture.scratch.path().c_str(), 0700);
    REQUIRE_FALSE(refused.has_value());
    CHECK(reason(refused.error()) == "mode");

    CHECK(read_file(fixture.scratch.vault()) == image);
    CHECK(fixture.keeper->list().size() == 1);
    CHECK(fixture.sign(key).has_value());
    CHECK(fixture.sign(staged.key).has_value());
    CHECK(fixture.run(fixture.keeper->commit(staged.key, {})).has_value());
}

TEST_CASE("a vault changed by somebody else is not overwritten, and an unlock takes it over", "[keeper]") {
    Fixture fixture;
    fixture.create();
    const auto old_image = read_file(fixture.scratch.vault());
    fixture.add("master", "api-key");
    write_file(fixture.scratch.vault(), old_image);
    const auto staged = *fixture.run(fixture.keeper->stage(new_key("other", "other-key")));
    CHECK(reason(fixture.run(fixture.keeper->commit(staged.key, {})).error()) == "changed");
    CHECK(read_file(fixture.scratch.vault()) == old_image);
    REQUIRE(fixture.unlock().has_value());
    CHECK(fixture.keeper->list().empty());
    CHECK(fixture.run(fixture.keeper->commit(staged.key, {})).has_value());
}

TEST_CASE("previous versions are vaults of their own", "[keeper]") {
    Fixture fixture;
    fixture.create();
    for (const char* name : {"a", "b", "c", "d"})
        fixture.add(name, name);
    const auto path = [&](int epoch) {
        return fixture.scratch.path() / ("secrets.enc." + std::to_string(epoch) + ".bak");
    };
    CHECK_FALSE(fs::exists(path(1)));
    for (int epoch = 2; epoch <= 4; ++epoch)
        CHECK(fs::exists(path(epoch)));
    fixture.keeper->lock();
    write_file(fixture.scratch.vault(), read_file(path(3)));
    REQUIRE(fixture.unlock().has_value());
    CHECK(fixture.keeper->list().size() == 2);
}
