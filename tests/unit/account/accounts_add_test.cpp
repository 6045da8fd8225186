// account/accounts: adding, validating and removing keys, for every answer of Kraken's.

#include "support/bench.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>

namespace {

using namespace krakken;
using account::SavePolicy;
using account::Validation;
using protocol::ErrorCode;
using protocol::Result;
using test::answer;
using test::Bench;
using test::not_sent;
using test::refusal;

keeper::NewKey candidate(std::string_view account, std::string_view key) {
    return {
        .account = *base::AccountName::parse(account),
        .api_key = keeper::SecretText::copy_of(key),
        .api_secret = keeper::SecretText::copy_of("c2VjcmV0"),
        .otp = std::nullopt,
        .tier = base::Tier::pro
    };
}

struct Fixture : test::Bench {
    Fixture() : Bench({.default_account = "", .retry = test::at_once}) { accounts.refresh(); }

    Result<Validation> add(SavePolicy policy = SavePolicy::validated) {
        return loop.run(accounts.add(candidate("master", "0000000a"), policy));
    }
    void always(test::FakeUpstream::Outcome outcome) {
        upstream.otherwise = [outcome](const net::Request&) { return outcome; };
    }
};

const std::string key_info =
    R"({"permissions":["query-funds","withdraw-funds"],"nonceWindow":0,"ipAllowlist":["192.0.2.1"]})";

}  // namespace

TEST_CASE("a good key is asked about, saved and ready") {
    Fixture fixture;
    fixture.keeper.warnings = {"the secret is short"};
    fixture.upstream.then(answer(key_info));
    fixture.upstream.then(answer("{}"));
    const auto added = fixture.add();
    REQUIRE(added);
    CHECK(
        fixture.upstream.targets() ==
        std::vector<std::string>{"/0/private/GetApiKeyInfo", "/0/private/Balance"}
    );
    CHECK(added->validated);
    CHECK(added->saved);
    CHECK(added->permissions == std::vector<std::string>{"query-funds", "withdraw-funds"});
    CHECK(added->warnings.front() == "the secret is short");
    const auto account = fixture.accounts.list().at(0);
    CHECK(account->info().validated_at == fixture.clock.time);
    CHECK(account->info().tier == base::Tier::pro);
    CHECK(fixture.keeper.staged.empty());
    CHECK(fixture.upstream.warm == 1);
}

TEST_CASE("what is saved, by Kraken's answer and the caller's policy") {
    struct Row {
        test::FakeUpstream::Outcome outcome;
        ErrorCode code;
        bool unreachable;
        bool unvalidated_saves;
        bool anyway_saves;
    };
    const std::vector<Row> rows{
        {refusal("EAPI:Invalid key"), ErrorCode::auth, false, false, true},
        {refusal("EAPI:Invalid signature"), ErrorCode::auth, false, false, true},
        {refusal("EGeneral:Permission denied"), ErrorCode::permission, false, false, true},
        {not_sent(), ErrorCode::network, true, true, true},
        {test::lost(), ErrorCode::network, true, true, true},
        {refusal("EService:Unavailable"), ErrorCode::service, true, true, true},
        {refusal("EGeneral:Temporary lockout"), ErrorCode::lockout, false, false, true},
        {refusal("EAPI:Rate limit exceeded"), ErrorCode::rate_limit, false, false, true},
        {refusal("EAPI:Invalid nonce"), ErrorCode::nonce, false, false, true},
    };
    for (const auto& [outcome, code, unreachable, unvalidated_saves, anyway_saves] : rows) {
        for (const auto& [policy, saves] :
             {std::pair(SavePolicy::validated, false),
              std::pair(SavePolicy::unvalidated, unvalidated_saves),
              std::pair(SavePolicy::anyway, anyway_saves)}) {
            CAPTURE(static_cast<int>(code), static_cast<int>(policy));
            Fixture fixture;
            fixture.always(outcome);
            const auto added = fixture.add(policy);
            CHECK(added.has_value() == saves);
            CHECK(fixture.keeper.saved.size() == (saves ? 1 : 0));
            CHECK(fixture.accounts.list().size() == (saves ? 1 : 0));
            CHECK(fixture.keeper.staged.empty());
            if (saves) {
                CHECK_FALSE(added->validated);
                CHECK(added->saved);
                CHECK_FALSE(fixture.keeper.saved.begin()->second.validated_at);
                CHECK_FALSE(added->warnings.empty());
            } else {
                CHECK(added.error().code == code);
                CHECK(added.error().account == "master");
                CHECK(added.error().details.contains("can_save_unvalidated") == unreachable);
            }
        }
    }
}

TEST_CASE("a key that may not ask for a balance is refused though its info came") {
    Fixture fixture;
    fixture.upstream.then(answer(key_info));
    fixture.always(refusal("EGeneral:Permission denied"));
    CHECK(fixture.add().error().code == ErrorCode::permission);
    CHECK(fixture.keeper.saved.empty());
}

TEST_CASE("nothing is asked or saved where it cannot be") {
    Fixture fixture;
    fixture.keeper.lock();
    CHECK(fixture.add().error().code == ErrorCode::locked);
    fixture.keeper.vault = keeper::VaultState::uninitialized;
    CHECK(fixture.add().error().code == ErrorCode::locked);
    fixture.keeper.vault = keeper::VaultState::unlocked;
    fixture.keeper.hold("master", "0000000b");
    CHECK(fixture.add().error().code == ErrorCode::invalid_params);
    CHECK(fixture.upstream.requests.empty());
}

TEST_CASE("a lock while Kraken is asked ends the candidate") {
    Fixture fixture;
    fixture.upstream.held.close();
    const auto added =
        fixture.loop.start(fixture.accounts.add(candidate("master", "0000000a"), SavePolicy::anyway));
    fixture.loop.poll();
    fixture.keeper.lock();
    const bool opened_again = GENERATE(false, true);
    if (opened_again) fixture.keeper.vault = keeper::VaultState::unlocked;
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(added->has_value());
    CHECK((*added)->error().code == ErrorCode::locked);
    CHECK((*added)->error().message.ends_with("was not saved") == opened_again);
    CHECK(fixture.keeper.saved.empty());
}

TEST_CASE("a vault that cannot be written leaves nothing behind") {
    Fixture fixture;
    fixture.keeper.commits_fail = true;
    CHECK(fixture.add().error().code == ErrorCode::vault);
    CHECK(fixture.keeper.staged.empty());
    CHECK(fixture.accounts.list().empty());
}

TEST_CASE("a candidate's nonces are durable like everybody's, and go on when it is saved") {
    Fixture fixture;
    REQUIRE(fixture.add());
    REQUIRE(fixture.loop.run(fixture.accounts.list().at(0)->call(test::call_of("Balance"))));
    const auto nonces = fixture.upstream.nonces();
    REQUIRE(nonces.size() == 3);
    CHECK(std::ranges::adjacent_find(nonces, std::greater_equal()) == nonces.end());
    CHECK(fixture.store.bound(base::KeyId("0000000a")) >= nonces.back());
}

TEST_CASE("a validation marks the key and makes the account ready again") {
    Fixture fixture;
    REQUIRE(fixture.add());
    fixture.upstream.then(refusal("EAPI:Invalid key"));
    const auto account = fixture.accounts.list().at(0);
    CHECK_FALSE(fixture.loop.run(account->call(test::call_of("Balance"))));
    REQUIRE(account->state() == account::AccountState::auth_failed);
    fixture.clock.time += std::chrono::hours(1);
    const auto validated = fixture.loop.run(fixture.accounts.validate(account->info().account));
    REQUIRE(validated);
    REQUIRE(validated->size() == 1);
    CHECK(validated->front().validated);
    CHECK(validated->front().saved);
    CHECK(account->state() == account::AccountState::ready);
    CHECK(account->info().validated_at == fixture.clock.time);
    CHECK(fixture.keeper.saved.begin()->second.validated_at == fixture.clock.time);
}

TEST_CASE("a validation that Kraken refuses says so and takes nothing away") {
    Fixture fixture;
    REQUIRE(fixture.add());
    fixture.always(refusal("EAPI:Invalid signature"));
    const auto name = fixture.accounts.list().at(0)->info().account;
    const auto refused = fixture.loop.run(fixture.accounts.validate(name));
    CHECK(refused.error().code == ErrorCode::auth);
    CHECK(refused.error().account == "master");
    CHECK(fixture.accounts.list().size() == 1);
    CHECK(
        fixture.loop.run(fixture.accounts.validate(*base::AccountName::parse("no"))).error().code ==
        ErrorCode::unknown_account
    );
}

TEST_CASE("a key whose nonces another program has made finer is found out, and that is said") {
    Fixture fixture;
    const bool fresh = GENERATE(true, false);
    if (!fresh) REQUIRE(fixture.add());
    fixture.upstream.otherwise = [&](const net::Request&) {
        const bool fine = fixture.upstream.nonces().back() > 1'000'000'000'000'000'000;
        return fine ? answer("{}") : refusal("EAPI:Invalid nonce");
    };
    Result<Validation> validation = protocol::fail(ErrorCode::internal, "");
    if (fresh) {
        validation = fixture.add();
    } else {
        const auto account = fixture.accounts.list().at(0);
        CHECK_FALSE(fixture.loop.run(account->call(test::call_of("Balance"))));
        CHECK(account->state() == account::AccountState::nonce_conflict);
        const auto validated = fixture.loop.run(fixture.accounts.validate(account->info().account));
        REQUIRE(validated);
        validation = validated->front();
    }
    REQUIRE(validation);
    CHECK(validation->validated);
    CHECK(std::ranges::count_if(validation->warnings, [](const std::string& text) {
              return text.contains("counted in nanoseconds");
          }) == 1);
    CHECK(fixture.accounts.list().at(0)->state() == account::AccountState::ready);
    CHECK(fixture.store.marks.at(base::KeyId("0000000a")).unit == base::NonceUnit::nanoseconds);

    const auto again = fixture.loop.run(fixture.accounts.validate(validation->account));
    REQUIRE(again);
    CHECK(std::ranges::none_of(again->front().warnings, [](const std::string& text) {
        return text.contains("counted");
    }));
}

TEST_CASE("A4: where Kraken does not know GetApiKeyInfo, Balance decides about a key") {
    struct Row {
        std::string info;
        bool decides;
    };
    const auto [info, decides] = GENERATE(
        as<Row>(),
        Row{"EGeneral:Unknown method", true},
        Row{"EGeneral:Permission denied", true},
        Row{"EGeneral:Invalid arguments", true},
        Row{"EService:Unavailable", true},
        Row{"EAPI:Invalid key", false},
        Row{"EAPI:Rate limit exceeded", false},
        Row{"EGeneral:Temporary lockout", false}
    );
    CAPTURE(info);
    Fixture fixture;
    fixture.upstream.otherwise = [text = info](const net::Request& request) {
        return request.target.ends_with("GetApiKeyInfo") ? refusal(text) : answer("{}");
    };
    const auto added = fixture.add();
    CHECK(added.has_value() == decides);
    if (!decides) return;
    CHECK(added->validated);
    CHECK_FALSE(added->permissions);
    CHECK(added->warnings.size() == 1);
}

TEST_CASE("A4: a key without query-funds is refused with the permission's name") {
    Fixture fixture;
    fixture.upstream.then(refusal("EGeneral:Unknown method"));
    fixture.always(refusal("EGeneral:Permission denied"));
    const auto added = fixture.add();
    REQUIRE_FALSE(added);
    CHECK(added.error().code == ErrorCode::permission);
    CHECK(added.error().remedy.contains(protocol::permission_titles("query-funds")));
}

TEST_CASE("an account is not removed while a call of it is under way") {
    Bench bench({.removal_wait = std::chrono::milliseconds(0), .retry = test::at_once});
    bench.tell_time();
    bench.keeper.hold("master", "0000000a");
    bench.accounts.refresh();
    const auto account = bench.accounts.list().at(0);
    bench.upstream.held.close();
    const auto call = bench.loop.start(account->call(test::call_of("AddOrder")));
    bench.loop.poll();
    const auto removed = bench.loop.start(bench.accounts.remove(account->info().account));
    bench.loop.poll();
    REQUIRE(removed->has_value());
    REQUIRE_FALSE((*removed)->has_value());
    CHECK((*removed)->error().code == ErrorCode::timeout);
    CHECK((*removed)->error().retryable);
    CHECK(bench.keeper.saved.size() == 1);
    bench.upstream.held.open();
    bench.loop.run();
    CHECK((*call)->has_value());
    CHECK(bench.loop.run(account->call(test::call_of("Balance"))));
    CHECK(bench.loop.run(bench.accounts.remove(account->info().account)));
    CHECK(bench.accounts.list().empty());
}

TEST_CASE("a removal waits for a call that ends in time") {
    Fixture fixture;
    REQUIRE(fixture.add());
    const auto account = fixture.accounts.list().at(0);
    fixture.upstream.held.close();
    const auto call = fixture.loop.start(account->call(test::call_of("AddOrder")));
    fixture.loop.poll();
    const auto removed = fixture.loop.start(fixture.accounts.remove(account->info().account));
    fixture.loop.poll();
    CHECK_FALSE(removed->has_value());
    CHECK(fixture.keeper.saved.size() == 1);
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((*call)->has_value());
    REQUIRE(removed->has_value());
    CHECK((*removed)->has_value());
    CHECK(fixture.accounts.list().empty());
}

TEST_CASE("an account that could not be removed goes on") {
    Fixture fixture;
    REQUIRE(fixture.add());
    const auto account = fixture.accounts.list().at(0);
    const auto saved = std::exchange(fixture.keeper.saved, {});
    CHECK_FALSE(fixture.loop.run(fixture.accounts.remove(account->info().account)));
    fixture.keeper.saved = saved;
    CHECK(fixture.loop.run(account->call(test::call_of("Balance"))));
}

TEST_CASE("a removed account is gone") {
    Fixture fixture;
    REQUIRE(fixture.add());
    const auto name = fixture.accounts.list().at(0)->info().account;
    REQUIRE(fixture.loop.run(fixture.accounts.remove(name)));
    CHECK(fixture.accounts.list().empty());
    CHECK(fixture.keeper.saved.empty());
    CHECK(fixture.loop.run(fixture.accounts.remove(name)).error().code == ErrorCode::no_credentials);
}
