// account/account, admission, keys: an account with several keys, and the calls that wait for their lanes.

#include "account/account.hpp"
#include "account/admission.hpp"

#include "support/bench.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using namespace krakken;
using account::Account;
using account::AccountState;
using protocol::ErrorCode;
using protocol::Result;
using test::answer;
using test::call_of;
using test::refusal;
using namespace std::chrono_literals;
using Later = test::EventLoop::Later<Result<std::string>>;

// An account with two keys over a network that answers when the test says so.
struct Fixture : test::Bench {
    Fixture() : Bench({.default_account = "", .retry = test::at_once}) {
        keeper.hold("master", "aaaaaaaa");
        keeper.hold("master", "bbbbbbbb");
        accounts.refresh();
        tell_time();
    }
    ~Fixture() {
        upstream.held.open();
        loop.run();
    }

    std::shared_ptr<Account> account(const char* name = "master") { return *accounts.find(name); }
    account::Call call_from(pid_t client, std::string_view endpoint, std::string_view parameters = "") {
        account::Call call = call_of(endpoint, parameters);
        call.caller = {1000, client};
        return call;
    }
    Later start(pid_t client, std::string_view endpoint, std::string_view parameters = "") {
        auto call = loop.start(account()->call(call_from(client, endpoint, parameters)));
        loop.poll();
        return call;
    }
    // Kraken answers the request that has waited longest.
    void answer_one() {
        upstream.held.open_for_one();
        loop.poll();
    }
    // The requests so far: the key's first letter and the endpoint.
    std::vector<std::string> sent() const {
        std::vector<std::string> all;
        for (const net::Request& request : upstream.requests)
            all.push_back(key_of(request).substr(0, 1) + request.target.substr(request.target.rfind('/')));
        return all;
    }
    static std::string key_of(const net::Request& request) { return request.headers.at(0).second; }
    // Only this key is refused.
    void refuse(std::string key, std::string error) {
        upstream.otherwise = [key, error](const net::Request& request) {
            return key_of(request) == key ? refusal(error) : answer("{}");
        };
    }
};

using Sent = std::vector<std::string>;

// Equal reads are shared, so these are not.
std::string another(int number) {
    return R"({"start":)" + std::to_string(number) + '}';
}

}  // namespace

TEST_CASE("two keys carry two calls at a time, and the next takes the lane that is free first") {
    Fixture fixture;
    fixture.upstream.held.close();
    const auto first = fixture.start(1, "Balance");
    const auto second = fixture.start(1, "Ledgers");
    const auto third = fixture.start(1, "OpenOrders");
    CHECK(fixture.sent() == Sent{"a/Balance", "b/Ledgers"});
    CHECK(fixture.account()->waiting().reads == 1);
    fixture.answer_one();
    CHECK(first->has_value());
    CHECK(fixture.sent() == Sent{"a/Balance", "b/Ledgers", "a/OpenOrders"});
    fixture.answer_one();
    fixture.answer_one();
    CHECK(third->has_value());
    CHECK(fixture.account()->waiting().reads == 0);
    CHECK(fixture.upstream.warm == 2);
}

TEST_CASE("a key that Kraken refused is set aside, and the account is ready while another serves") {
    Fixture fixture;
    fixture.refuse("aaaaaaaa", "EAPI:Invalid key");
    fixture.start(1, "Balance");
    const auto account = fixture.account();
    CHECK(account->keys()[0]->state() == AccountState::auth_failed);
    CHECK(account->keys()[0]->remedy().contains("key and secret belong together"));
    CHECK(account->keys()[1]->state() == AccountState::ready);
    CHECK(account->state() == AccountState::ready);
    CHECK(account->remedy().empty());
    for (int count = 0; count < 3; ++count)
        CHECK((*fixture.start(1, "Balance"))->has_value());
    CHECK(std::ranges::count(fixture.sent(), "a/Balance") == 1);

    fixture.refuse("bbbbbbbb", "EAPI:Invalid key");
    CHECK((*fixture.start(1, "Balance"))->error().code == ErrorCode::auth);
    CHECK(account->state() == AccountState::auth_failed);
    const std::size_t before = fixture.sent().size();
    CHECK((*fixture.start(1, "Balance"))->error().code == ErrorCode::auth);
    CHECK(fixture.sent().size() == before);

    account->validated(account->keys()[0]->info());
    CHECK(account->state() == AccountState::ready);
    CHECK((*fixture.start(1, "Balance"))->has_value());
    CHECK(fixture.sent().back() == "a/Balance");
}

TEST_CASE("a call takes the lane whose key has the permission, and any where none has it") {
    Fixture fixture;
    fixture.refuse("aaaaaaaa", "EGeneral:Permission denied");
    fixture.start(1, "AddOrder");
    fixture.upstream.otherwise = nullptr;
    const auto account = fixture.account();
    CHECK(account->keys()[0]->state() == AccountState::permission_denied);
    CHECK(account->state() == AccountState::ready);
    fixture.start(1, "AddOrder");
    fixture.start(1, "Balance");
    const auto sent = fixture.sent();
    CHECK(std::vector(sent.end() - 2, sent.end()) == Sent{"b/AddOrder", "a/Balance"});

    fixture.refuse("bbbbbbbb", "EGeneral:Permission denied");
    fixture.start(1, "AddOrder");
    CHECK(account->state() == AccountState::permission_denied);
    CHECK((*fixture.start(1, "AddOrder"))->has_value());  // the first key may by now
    CHECK(fixture.sent().back() == "a/AddOrder");
    CHECK(account->state() == AccountState::ready);
}

TEST_CASE("calls that wait for a key that is refused go over the other") {
    Fixture fixture;
    fixture.upstream.held.close();
    fixture.refuse("aaaaaaaa", "EAPI:Invalid key");
    std::vector<Later> calls;
    for (pid_t client = 1; client <= 8; ++client)
        calls.push_back(fixture.start(client, "Balance"));
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK(std::ranges::count(fixture.sent(), "a/Balance") == 1);
    for (const auto& call : calls)
        CHECK((*call)->has_value());
}

TEST_CASE("what one client places and cancels goes one after another, over both lanes") {
    Fixture fixture;
    fixture.upstream.held.close();
    fixture.start(1, "AddOrder");
    fixture.start(1, "CancelOrder", R"({"txid":"O1"})");
    CHECK(fixture.sent() == Sent{"a/AddOrder"});
    fixture.start(2, "AddOrder");
    CHECK(fixture.sent() == Sent{"a/AddOrder", "b/AddOrder"});
    fixture.answer_one();
    CHECK(fixture.sent().back() == "a/CancelOrder");
}

TEST_CASE("a placement that its client's CancelAll overtook is not sent, and says so") {
    Fixture fixture;
    fixture.upstream.held.close();
    fixture.start(1, "AddOrder");
    const auto waiting = fixture.start(1, "AddOrder");
    const auto other = fixture.start(2, "Balance");
    CHECK(fixture.account()->waiting().placements == 1);
    const auto cancel = fixture.start(1, "CancelAll");
    REQUIRE(waiting->has_value());
    REQUIRE_FALSE((*waiting)->has_value());
    const auto& error = (*waiting)->error();
    CHECK(error.code == ErrorCode::order);
    CHECK(error.executed == protocol::Executed::no);
    CHECK_FALSE(error.retryable);
    CHECK(error.message.contains("CancelAll"));
    fixture.answer_one();
    CHECK(fixture.sent() == Sent{"a/AddOrder", "b/Balance", "a/CancelAll"});
}

TEST_CASE("a cancel by name is not repeated over one lane behind a placement over the other") {
    Fixture fixture;
    fixture.upstream.then(refusal("EService:Busy"));
    fixture.upstream.held.close();
    const auto cancel = fixture.start(1, "CancelOrder", R"({"cl_ord_id":"mine"})");
    const auto order = fixture.start(2, "AddOrder");
    fixture.answer_one();
    REQUIRE(cancel->has_value());
    CHECK((*cancel)->error().message.starts_with("Kraken is busy"));
    CHECK(fixture.sent() == Sent{"a/CancelOrder", "b/AddOrder"});
}

TEST_CASE("a call that waits in vain says that it was not sent, and is out of the way") {
    Fixture fixture;
    fixture.upstream.held.close();
    fixture.start(1, "AddOrder");
    auto impatient = fixture.call_from(1, "AddOrder");
    impatient.max_wait = 0ms;
    const auto late = fixture.loop.start(fixture.account()->call(impatient));
    fixture.loop.poll();
    const auto next = fixture.start(1, "CancelAll");
    REQUIRE(late->has_value());
    CHECK((*late)->error().code == ErrorCode::timeout);
    fixture.answer_one();
    CHECK(fixture.sent().back() == "a/CancelAll");
}

TEST_CASE("a full line turns away") {
    Fixture fixture;
    fixture.upstream.held.close();
    std::vector<Later> calls;
    for (int count = 0; count < 2 + 2 * 256; ++count)
        calls.push_back(fixture.start(1, "Ledgers", another(count)));
    const auto turned_away = fixture.start(1, "Balance");
    REQUIRE(turned_away->has_value());
    CHECK((*turned_away)->error().code == ErrorCode::overloaded);
    CHECK((*turned_away)->error().retryable);
    const auto cancel = fixture.start(1, "CancelAll");
    REQUIRE(calls.back()->has_value());  // the newest read makes room
    fixture.answer_one();
    CHECK(fixture.sent().back() == "a/CancelAll");
}

TEST_CASE("calls that wait go over the lanes that the account has by then") {
    Fixture fixture;
    fixture.upstream.held.close();
    const auto first = fixture.start(1, "Balance");
    const auto second = fixture.start(1, "Ledgers");
    const auto third = fixture.start(1, "OpenOrders");
    fixture.keeper.saved.erase(base::KeyId("aaaaaaaa"));
    fixture.keeper.hold("master", "cccccccc");
    fixture.accounts.refresh();
    fixture.loop.poll();
    CHECK(fixture.sent() == Sent{"a/Balance", "b/Ledgers", "c/OpenOrders"});
    const auto fourth = fixture.start(1, "TradeBalance");
    fixture.answer_one();  // the old key's, whose lane is nobody's now
    CHECK((*first)->has_value());
    CHECK(fixture.sent().size() == 3);
    fixture.answer_one();
    CHECK(fixture.sent().back() == "b/TradeBalance");
    CHECK(fixture.account()->calls() == 2);
}

TEST_CASE("two accounts on one key take turns, and neither is forgotten") {
    Fixture fixture;
    fixture.keeper.hold_environment("env", "bbbbbbbb");
    fixture.keeper.saved.erase(base::KeyId("aaaaaaaa"));
    fixture.accounts.refresh();
    fixture.upstream.held.close();
    std::vector<Later> calls;
    for (const char* name : {"master", "master", "master", "env", "env"}) {
        const auto parameters = another(static_cast<int>(calls.size()));
        calls.push_back(
            fixture.loop.start(fixture.account(name)->call(fixture.call_from(1, "Ledgers", parameters)))
        );
    }
    fixture.loop.poll();
    CHECK(fixture.sent().size() == 1);
    for (std::size_t count = 2; count <= 5; ++count) {
        fixture.answer_one();
        CHECK(fixture.sent().size() == count);
        CHECK(calls[3]->has_value() == (count >= 4));  // third of all
    }
    fixture.answer_one();
    CHECK(std::ranges::all_of(calls, [](const auto& call) { return call->has_value(); }));
}

TEST_CASE("who is held back is asked about again at the moment that was named") {
    test::Bench bench;
    bench.keeper.hold("master", "aaaaaaaa");
    account::Keys keys(bench.store);
    const auto lane = std::make_shared<account::Lane>(bench.services, base::KeyId("aaaaaaaa"));
    keys.become({{bench.keeper.list()[0], lane}});
    int asked = 0;
    const auto admission = std::make_shared<account::Admission>(
        bench.loop.context.get_executor(),
        keys,
        [&](const account::Line::Entry&) {
            if (++asked < 4) return account::Line::Way{.look = std::chrono::steady_clock::now() + 1ms};
            return account::Line::Way{.lane = 0};
        },
        [](const account::Line::Entry&) {}
    );
    admission->keys_changed();
    const account::Line::Entry entry{protocol::find_endpoint("Balance")};
    CHECK_FALSE(admission->enter_if_free(entry));
    const auto later = std::chrono::steady_clock::now() + 1h;
    CHECK(bench.loop.run(admission->enter(entry, later)).has_value());
    CHECK(asked == 4);
    CHECK_FALSE(lane->busy());
}
