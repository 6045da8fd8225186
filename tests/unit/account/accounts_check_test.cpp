// account/accounts: what the daemon asks Kraken by itself after an unlock, and what follows from it.

#include "support/bench.hpp"
#include "support/log_capture.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

namespace {

using namespace krakken;
using account::AccountState;
using protocol::ErrorCode;
using test::answer;
using test::call_of;
using test::lost;
using test::not_sent;
using test::refusal;

const std::string master_key = "0000000a";
const std::string bob_key = "0000000b";

const std::string good_key =
    R"({"permissions":["query-funds","query-open-trades","query-closed-trades","modify-trades","close-trades"],)"
    R"("nonceWindow":0,"ipAllowlist":["192.0.2.1"],"validUntil":"0"})";
const std::string poor_key = R"({"permissions":["query-funds"],"nonceWindow":0,"ipAllowlist":["192.0.2.1"]})";

std::string key_of(const net::Request& request) {
    for (const auto& [name, value] : request.headers)
        if (name == "API-Key") return value;
    return "";
}

std::string endpoint_of(const net::Request& request) {
    return request.target.substr(request.target.rfind('/') + 1);
}

// Two accounts that were used before, so that no nonce unit is sought.
struct Fixture : test::Bench {
    Fixture() : Bench({.default_account = "", .retry = test::at_once}) {
        for (const auto& [name, key] : {std::pair("master", master_key), std::pair("bob", bob_key)}) {
            keeper.hold(name, key);
            store.marks.emplace(
                base::KeyId(key), state::NonceMark{base::Nonce(5), base::NonceUnit::microseconds}
            );
        }
        accounts.refresh();
        answers["Time"] = answer(R"({"unixtime":1700000000,"rfc1123":"x"})");
        answers["GetApiKeyInfo"] = answer(good_key);
        upstream.otherwise = [this](const net::Request& request) {
            const auto own = answers.find(key_of(request) + ' ' + endpoint_of(request));
            if (own != answers.end()) return own->second;
            const auto common = answers.find(endpoint_of(request));
            return common == answers.end() ? answer("{}") : common->second;
        };
    }

    void check() {
        const auto done = loop.start(checked());
        loop.run();
        REQUIRE(done->has_value());
    }
    boost::asio::awaitable<bool> checked() {
        co_await accounts.check();
        co_return true;
    }
    std::vector<std::string> asked(const std::string& key) const {
        std::vector<std::string> all;
        for (const auto& request : upstream.requests)
            if (key_of(request) == key) all.push_back(endpoint_of(request));
        return all;
    }
    account::Account& account(const char* name) { return **accounts.find(name); }

    // By "endpoint", or for one key by "key endpoint".
    std::map<std::string, test::FakeUpstream::Outcome> answers;
};

const std::vector<std::string> both{"GetApiKeyInfo", "Balance"};

}  // namespace

TEST_CASE("B2: a check asks for the time, then about every key, and counts in no figure") {
    Fixture fixture;
    test::LogCapture log;
    fixture.answers[bob_key + " GetApiKeyInfo"] = answer(poor_key);
    fixture.check();
    CHECK(fixture.upstream.targets().at(0) == "/0/public/Time");
    CHECK(fixture.asked(master_key) == both);
    CHECK(fixture.asked(bob_key) == both);
    CHECK(fixture.accounts.clock_offset() == std::chrono::milliseconds(500));  // half of Time's second
    for (const auto& account : fixture.accounts.list()) {
        CHECK(account->state() == AccountState::ready);
        CHECK(account->calls() == 0);
        CHECK(account->errors() == 0);
        CHECK_FALSE(account->last_success_at());
        CHECK(account->last_error().empty());
        CHECK(account->latency().percentile(1).count() == 0);
    }

    auto checked = log.of("account.checked");
    REQUIRE(checked.size() == 2);
    std::ranges::sort(checked, {}, [](auto& line) { return line.fields["account"]; });
    CHECK(checked[0].fields["account"] == "bob");
    CHECK(checked[0].fields["key"] == bob_key);
    CHECK(checked[0].fields["permissions"] == "known");
    CHECK(checked[0].fields["warnings"] == "4");
    CHECK(checked[1].fields["warnings"] == "0");
    const auto warnings = log.of("account.warning");
    CHECK(warnings.size() == 4);
    for (const auto& warning : warnings) {
        CHECK(warning.level == base::LogLevel::warn);
        CHECK(warning.fields.at("account") == "bob");
        CHECK(warning.fields.at("text").contains("the key lacks"));
    }
}

TEST_CASE("B2: a check asks all accounts at once") {
    Fixture fixture;
    fixture.upstream.held.close();
    const auto done = fixture.loop.start(fixture.checked());
    fixture.loop.poll();
    CHECK(fixture.upstream.requests.size() == 1);
    fixture.upstream.held.open_for_one();
    fixture.loop.poll();
    CHECK(fixture.asked(master_key).size() == 1);
    CHECK(fixture.asked(bob_key).size() == 1);
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK(done->has_value());
}

TEST_CASE("B1, B2: what a check learns of one account is shown, and the other is as it was") {
    struct Row {
        test::FakeUpstream::Outcome outcome;
        AccountState state;
        std::size_t attempts;
        std::string category;
    };
    const auto [outcome, state, attempts, category] = GENERATE(
        as<Row>(),
        Row{refusal("EAPI:Invalid key"), AccountState::auth_failed, 1, "auth"},
        Row{refusal("EAPI:Invalid signature"), AccountState::auth_failed, 1, "auth"},
        Row{refusal("EAPI:Invalid nonce"), AccountState::nonce_conflict, 2, "nonce"},
        Row{refusal("EAPI:Rate limit exceeded"), AccountState::ready, 1, "rate_limit"},
        Row{not_sent(), AccountState::ready, 1, "network"},
        Row{lost(), AccountState::ready, 1, "network"}
    );
    const auto where = GENERATE(as<std::string>(), "GetApiKeyInfo", "Balance");
    CAPTURE(category, where);
    Fixture fixture;
    test::LogCapture log;
    fixture.answers[bob_key + ' ' + where] = outcome;
    fixture.check();
    CHECK(fixture.account("bob").state() == state);
    CHECK(fixture.asked(bob_key).size() == attempts + (where == "Balance" ? 1 : 0));
    CHECK(fixture.account("bob").errors() == 0);
    CHECK(fixture.account("bob").last_error().empty());
    CHECK(fixture.account("master").state() == AccountState::ready);
    CHECK(fixture.asked(master_key) == both);
    const auto failed = log.of("account.check_failed");
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].fields.at("account") == "bob");
    CHECK(failed[0].fields.at("category") == category);
    CHECK_FALSE(failed[0].fields.at("why").empty());
    CHECK(failed[0].fields.at("remedy").empty() == (state == AccountState::ready));
}

TEST_CASE("B2: where Kraken does not tell what a key may do, Balance decides") {
    const auto unknown = GENERATE(
        refusal("EGeneral:Unknown method"),
        refusal("EGeneral:Permission denied"),
        refusal("EAPI:Feature disabled"),
        refusal("EService:Unavailable"),
        answer("[]")
    );
    Fixture fixture;
    test::LogCapture log;
    fixture.answers["GetApiKeyInfo"] = unknown;
    fixture.answers[bob_key + " Balance"] = refusal("EGeneral:Permission denied");
    fixture.check();
    CHECK(fixture.asked(master_key) == both);
    CHECK(fixture.account("master").state() == AccountState::ready);
    REQUIRE(log.of("account.checked").size() == 1);
    CHECK(log.of("account.checked")[0].fields.at("permissions") == "unknown");
    CHECK(fixture.account("bob").state() == AccountState::permission_denied);
    CHECK(fixture.account("bob").remedy().contains(protocol::permission_titles("query-funds")));
}

TEST_CASE("a lockout found by a check silences all, and none is asked during one") {
    Fixture fixture;
    fixture.answers[bob_key + " GetApiKeyInfo"] = refusal("EGeneral:Temporary lockout");
    fixture.check();
    CHECK(fixture.account("bob").state() == AccountState::lockout);
    CHECK(fixture.account("master").state() == AccountState::lockout);
    fixture.upstream.requests.clear();
    fixture.check();
    CHECK(fixture.asked(master_key).empty());
    CHECK(fixture.asked(bob_key).empty());
}

TEST_CASE("a key that Kraken refused is not asked about again by a check") {
    Fixture fixture;
    fixture.answers[bob_key + " GetApiKeyInfo"] = refusal("EAPI:Invalid key");
    fixture.check();
    test::LogCapture log;
    fixture.upstream.requests.clear();
    fixture.check();
    CHECK(log.of("account.check_failed").empty());  // nor told of again
    CHECK(fixture.asked(bob_key).empty());
    CHECK(fixture.asked(master_key) == both);
    CHECK(fixture.account("bob").state() == AccountState::auth_failed);
}

TEST_CASE("B4: a check clears what it disproves, and nothing else") {
    const auto endpoint = GENERATE(as<std::string>(), "Balance", "AddOrder");
    Fixture fixture;
    fixture.answers[bob_key + ' ' + endpoint] = refusal("EGeneral:Permission denied");
    fixture.tell_time();
    CHECK_FALSE(fixture.loop.run(fixture.account("bob").call(call_of(endpoint))));
    REQUIRE(fixture.account("bob").state() == AccountState::permission_denied);
    fixture.answers.erase(bob_key + ' ' + endpoint);
    fixture.check();
    CHECK((fixture.account("bob").state() == AccountState::ready) == (endpoint == "Balance"));
}

TEST_CASE("B4: a check that works ends a nonce conflict") {
    Fixture fixture;
    fixture.answers["GetApiKeyInfo"] = refusal("EAPI:Invalid nonce");
    fixture.check();
    REQUIRE(fixture.account("bob").state() == AccountState::nonce_conflict);
    fixture.answers["GetApiKeyInfo"] = answer(good_key);
    fixture.check();
    CHECK(fixture.account("bob").state() == AccountState::ready);
}

TEST_CASE("a check ends with the keys it asks about") {
    const std::size_t answered = GENERATE(as<std::size_t>(), 0, 1);
    CAPTURE(answered);
    Fixture fixture;
    test::LogCapture log;
    fixture.upstream.held.close();
    const auto done = fixture.loop.start(fixture.checked());
    fixture.loop.poll();
    for (std::size_t count = 0; count < answered; ++count)
        fixture.upstream.held.open_for_one();
    fixture.loop.poll();
    fixture.keeper.lock();
    fixture.accounts.refresh();
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(done->has_value());
    CHECK(fixture.upstream.requests.size() == 1 + 2 * answered);  // no key was asked anything further
    CHECK(log.of("account.checked").empty());
    CHECK(log.of("account.check_failed").empty());
}

TEST_CASE("a check ends with the daemon") {
    Fixture fixture;
    test::LogCapture log;
    fixture.upstream.held.close();
    const auto done = fixture.loop.start(fixture.checked());
    fixture.loop.poll();
    fixture.accounts.stop();
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(done->has_value());
    CHECK(fixture.upstream.requests.size() == 1);
    CHECK(log.of("account.check_failed").empty());
}

TEST_CASE("B2: a key of the environment counts as validated once a check accepted it") {
    Fixture fixture;
    fixture.keeper.hold_environment("user_carol", "0000000c");
    fixture.accounts.refresh();
    CHECK_FALSE(fixture.account("user_carol").info().validated_at);
    fixture.check();
    CHECK(fixture.account("user_carol").info().validated_at == fixture.server_clock.now());
    fixture.accounts.refresh();
    CHECK(fixture.account("user_carol").info().validated_at);
    CHECK_FALSE(fixture.account("bob").info().validated_at);  // a person's to have validated
}

TEST_CASE("B4: a check without a network leaves a daemon that serves once it is back") {
    Fixture fixture;
    fixture.upstream.otherwise = [](const net::Request&) { return not_sent(); };
    fixture.check();
    CHECK_FALSE(fixture.accounts.clock_offset());
    CHECK(fixture.accounts.upstream_state() == "unreachable");
    fixture.upstream.otherwise = nullptr;
    CHECK(fixture.loop.run(fixture.account("bob").call(call_of("Balance"))));
    CHECK(fixture.account("bob").state() == AccountState::ready);
}
