// account/accounts: many accounts side by side; none waits for another, none suffers from another.

#include "support/bench.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

namespace {

using namespace krakken;
using account::AccountState;
using protocol::ErrorCode;
using protocol::Result;
using test::answer;
using test::call_of;
using test::refusal;

constexpr int many = 12;
constexpr int calls_each = 20;

std::string key_of(const net::Request& request) {
    for (const auto& [name, value] : request.headers)
        if (name == "API-Key") return value;
    return "";
}

std::uint64_t nonce_of(const net::Request& request) {
    return std::strtoull(request.body.c_str() + request.body.find_first_of("0123456789"), nullptr, 10);
}

struct Fixture : test::Bench {
    Fixture() : Bench({.retry = test::at_once}) {
        for (int count = 0; count < many; ++count)
            keeper.hold("user_" + std::to_string(count), std::to_string(10'000'000 + count));
        accounts.refresh();
    }
    // Refuses what does not rise, as Kraken does.
    void be_strict() {
        upstream.otherwise = [this](const net::Request& request) {
            auto& highest = highest_[key_of(request)];
            const auto nonce = nonce_of(request);
            if (nonce <= highest) return refusal("EAPI:Invalid nonce");
            highest = nonce;
            return answer("{}");
        };
    }
    std::map<std::string, std::uint64_t> highest_;
};

}  // namespace

TEST_CASE("C3: many accounts that start at once have rising nonces, each its own") {
    Fixture fixture;
    fixture.be_strict();
    fixture.tell_time();
    std::vector<test::EventLoop::Later<Result<std::string>>> outcomes;
    for (int round = 0; round < calls_each; ++round)
        for (const auto& account : fixture.accounts.list())
            outcomes.push_back(fixture.loop.start(account->call(
                // Equal reads would be one.
                round % 2 == 0 ? call_of("Ledgers", R"({"ofs":)" + std::to_string(round) + '}')
                               : call_of("AddOrder")
            )));
    fixture.loop.run();
    for (const auto& outcome : outcomes) {
        REQUIRE(outcome->has_value());
        CHECK((*outcome)->has_value());
    }
    std::map<std::string, std::vector<std::uint64_t>> nonces;
    for (const auto& request : fixture.upstream.requests)
        nonces[key_of(request)].push_back(nonce_of(request));
    CHECK(nonces.size() == many);
    for (const auto& [key, own] : nonces) {
        CAPTURE(key);
        CHECK(own.size() == calls_each);
        CHECK(std::ranges::adjacent_find(own, std::greater_equal()) == own.end());
        CHECK(fixture.store.bound(base::KeyId(key)) >= own.back());
    }
    // Side by side: the first request of every account is there before any account's second.
    std::map<std::string, int> first;
    for (int count = 0; count < many; ++count)
        ++first[key_of(fixture.upstream.requests.at(static_cast<std::size_t>(count)))];
    CHECK(first.size() == many);
}

TEST_CASE("C3: after a restart every account goes on above what it used, though the clock stepped back") {
    Fixture before;
    before.be_strict();
    for (const auto& account : before.accounts.list())
        REQUIRE(before.loop.run(account->call(call_of("Balance"))));

    Fixture after;
    after.be_strict();
    after.highest_ = before.highest_;
    after.store.marks = before.store.marks;
    after.clock.time -= std::chrono::hours(1);
    for (const auto& account : after.accounts.list())
        CHECK(after.loop.run(account->call(call_of("Balance"))));
    CHECK(after.upstream.requests.size() == many);
}

TEST_CASE("B1: an account that waits for Kraken keeps no other from it") {
    Fixture fixture;
    fixture.upstream.held.close();
    const auto stuck = fixture.loop.start((*fixture.accounts.find("user_0"))->call(call_of("Balance")));
    fixture.loop.poll();
    for (int count = 1; count < many; ++count) {
        const auto name = "user_" + std::to_string(count);
        const auto outcome = fixture.loop.start((*fixture.accounts.find(name))->call(call_of("Balance")));
        fixture.loop.poll();
        CHECK(fixture.upstream.requests.size() == static_cast<std::size_t>(count) + 1);
    }
    CHECK_FALSE(stuck->has_value());
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK(stuck->has_value());
}

TEST_CASE("B1: one account that fails leaves the others alone") {
    struct Row {
        std::string error;
        AccountState state;
    };
    const auto [error, state] = GENERATE(
        as<Row>(),
        Row{"EAPI:Invalid key", AccountState::auth_failed},
        Row{"EAPI:Invalid nonce", AccountState::nonce_conflict},
        Row{"EGeneral:Permission denied", AccountState::permission_denied}
    );
    CAPTURE(error);
    Fixture fixture;
    const auto bad = *fixture.accounts.find("user_3");
    fixture.upstream.otherwise = [text = error, key = bad->info().key.hex()](const net::Request& request) {
        return key_of(request) == key ? refusal(text) : answer("{}");
    };
    for (int round = 0; round < 3; ++round)
        for (const auto& account : fixture.accounts.list())
            CHECK(fixture.loop.run(account->call(call_of("Balance"))).has_value() == (account != bad));
    for (const auto& account : fixture.accounts.list()) {
        CHECK(account->state() == (account == bad ? state : AccountState::ready));
        CHECK(account->errors() == (account != bad ? 0 : state == AccountState::auth_failed ? 1 : 3));
        CHECK(account->keys()[0]->lane()->held() == (account == bad && state == AccountState::auth_failed));
    }
}

TEST_CASE("B4: accounts recover by themselves once Kraken answers again") {
    const auto trouble = GENERATE(
        test::not_sent(), test::lost(), refusal("EService:Unavailable"), refusal("EAPI:Invalid nonce")
    );
    Fixture fixture;
    for (const auto& account : fixture.accounts.list())
        REQUIRE(fixture.loop.run(account->call(call_of("Balance"))));
    fixture.upstream.otherwise = [&](const net::Request&) { return trouble; };
    for (const auto& account : fixture.accounts.list()) {
        const auto failed = fixture.loop.run(account->call(call_of("Balance")));
        REQUIRE_FALSE(failed);
        CHECK(failed.error().executed == protocol::Executed::no);
    }
    fixture.upstream.otherwise = nullptr;
    for (const auto& account : fixture.accounts.list()) {
        CHECK(fixture.loop.run(account->call(call_of("Balance"))));
        CHECK(account->state() == AccountState::ready);
    }
}
