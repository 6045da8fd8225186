// account/account: a cancel does not wait for a slow read, nor for an answer that does not come.

#include "account/account.hpp"
#include "support/bench.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using namespace krakken;
using protocol::ErrorCode;
using protocol::Result;
using std::chrono::steady_clock;
using test::answer;
using test::call_of;
using namespace std::chrono_literals;
using Later = test::EventLoop::Later<Result<std::string>>;
using Sent = std::vector<std::string>;

// An account over a network on which nothing is answered.
struct Fixture : test::Bench {
    explicit Fixture(std::vector<const char*> keys = {"aaaaaaaa"})
        : Bench({.default_account = "", .retry = test::at_once}) {
        for (const char* key : keys)
            keeper.hold("master", key);
        accounts.refresh();
        tell_time();
        upstream.held.close();
    }
    ~Fixture() {
        upstream.held.open();
        loop.run();
    }

    Later start(pid_t client, account::Call call) {
        call.caller = {1000, client};
        auto later = loop.start((*accounts.find("master"))->call(std::move(call)));
        loop.poll();
        return later;
    }
    Later start(pid_t client, std::string_view endpoint) { return start(client, call_of(endpoint)); }
    // Until Kraken has got so many requests.
    void run_until_sent(std::size_t count) {
        const auto last = steady_clock::now() + 10s;
        loop.context.restart();
        while (upstream.requests.size() < count && steady_clock::now() < last)
            loop.context.run_one_for(100ms);
        REQUIRE(upstream.requests.size() == count);
    }
    void answer_one() {
        upstream.held.open_for_one();
        loop.poll();
    }
    Sent sent() const {
        Sent all;
        for (const std::string& target : upstream.targets())
            all.push_back(target.substr(target.rfind('/') + 1));
        return all;
    }
};

constexpr auto patience = account::Lane::patience;

}  // namespace

TEST_CASE("a cancel waits for a read a quarter of a second, then the read is given up and made again") {
    Fixture fixture;
    const auto read = fixture.start(1, "Balance");
    const auto begun = steady_clock::now();
    const auto cancel = fixture.start(2, "CancelOrder");
    fixture.run_until_sent(2);
    CHECK(steady_clock::now() - begun >= patience);
    CHECK_FALSE(read->has_value());
    fixture.answer_one();
    CHECK(cancel->has_value());
    CHECK(fixture.sent() == Sent{"Balance", "CancelOrder", "Balance"});
    CHECK(std::ranges::is_sorted(fixture.upstream.nonces()));
    fixture.answer_one();
    REQUIRE(read->has_value());
    CHECK((*read)->has_value());
    CHECK(fixture.api.state() == "reachable");
    CHECK((*fixture.accounts.find("master"))->errors() == 0);
}

TEST_CASE("a read that is given up counts as no attempt, and waits longer than its caller would for a lane") {
    Fixture fixture;
    account::Call call = call_of("Balance");
    call.max_wait = 0ms;
    const auto read = fixture.start(1, call);
    for (std::size_t count = 1; count <= 6; ++count) {  // more often than attempts are made
        const auto cancel = fixture.start(2, "CancelOrder");
        fixture.run_until_sent(2 * count);
        fixture.answer_one();
        CHECK(cancel->has_value());
        CHECK_FALSE(read->has_value());
        CHECK(fixture.sent().back() == "Balance");
    }
    fixture.answer_one();
    REQUIRE(read->has_value());
    CHECK((*read)->has_value());
}

TEST_CASE("a cancel passes whatever else has not been answered for a quarter of a second") {
    const std::string under_way = GENERATE(
        as<std::string>(), "AddOrder", "Withdraw", "CancelOrder", "GetWebSocketsToken", "CreateSubaccount"
    );
    CAPTURE(under_way);
    Fixture fixture;
    fixture.upstream.then(answer(R"({"number":1})"));
    fixture.upstream.then(answer(R"({"number":2})"));
    const auto first = fixture.start(1, under_way);
    const auto begun = steady_clock::now();
    const auto cancel = fixture.start(2, "CancelOrder");
    fixture.run_until_sent(2);
    CHECK(steady_clock::now() - begun >= patience);
    CHECK(fixture.sent() == Sent{under_way, "CancelOrder"});
    CHECK(std::ranges::is_sorted(fixture.upstream.nonces()));
    CHECK_FALSE(first->has_value());
    // Its answer is its own all the same, and it was sent once.
    fixture.answer_one();
    REQUIRE(first->has_value());
    CHECK(**first == R"({"number":1})");
    fixture.answer_one();
    CHECK(**cancel == R"({"number":2})");
    CHECK(fixture.sent().size() == 2);
}

TEST_CASE("behind what was passed the lane goes on") {
    Fixture fixture;
    const auto order = fixture.start(1, "AddOrder");
    fixture.start(2, "CancelOrder");
    fixture.start(3, "Balance");
    fixture.run_until_sent(2);
    fixture.upstream.held.open();  // now both are answered
    fixture.run_until_sent(3);
    CHECK(fixture.sent() == Sent{"AddOrder", "CancelOrder", "Balance"});
    fixture.loop.run();
    CHECK((*order)->has_value());
}

TEST_CASE("a placement that was passed and refused for its nonce is sought, and says nothing of its key") {
    Fixture fixture;
    fixture.upstream.then(test::refusal("EAPI:Invalid nonce"));
    fixture.upstream.otherwise = test::empty_books(fixture.clock);  // in the end it is settled
    account::Call call = call_of("AddOrder", R"({"pair":"XBTUSD","type":"buy"})");
    call.deadline = steady_clock::now() + patience + 200ms;
    const auto order = fixture.start(1, call);
    const auto cancel = fixture.start(2, "CancelOrder");
    fixture.run_until_sent(2);
    fixture.answer_one();
    CHECK_FALSE(order->has_value());
    CHECK((*fixture.accounts.find("master"))->placements().settling() == 1);
    CHECK((*fixture.accounts.find("master"))->state() == account::AccountState::ready);
    while (!order->has_value())
        fixture.loop.context.run_one();
    CHECK((*order)->error().code == ErrorCode::outcome_unknown);
    CHECK((*order)->error().executed == protocol::Executed::unknown);
    CHECK(std::ranges::count(fixture.sent(), "AddOrder") == 1);
}

TEST_CASE(
    "a cancel that was passed and refused for its nonce is made again, and for a while nothing is passed"
) {
    Fixture fixture;
    fixture.upstream.then(test::refusal("EAPI:Invalid nonce"));
    const auto first = fixture.start(1, "CancelOrder");
    const auto second = fixture.start(2, "CancelOrder");
    fixture.run_until_sent(2);
    fixture.answer_one();
    CHECK_FALSE(first->has_value());
    fixture.answer_one();
    CHECK(second->has_value());
    fixture.run_until_sent(3);
    fixture.start(3, "CancelOrder");
    fixture.loop.context.restart();
    fixture.loop.context.run_for(patience + 50ms);
    CHECK(fixture.sent().size() == 3);
    fixture.answer_one();
    REQUIRE(first->has_value());
    CHECK((*first)->has_value());
    CHECK((*fixture.accounts.find("master"))->state() == account::AccountState::ready);
    CHECK(std::ranges::is_sorted(fixture.upstream.nonces()));
}

TEST_CASE("an order that a CancelAll has passed is canceled when it is answered") {
    Fixture fixture;
    fixture.upstream.then(answer(R"({"descr":{"order":"x"},"txid":["OAAAAA-AAAAA-AAAAAA"]})"));
    const auto order = fixture.start(1, call_of("AddOrder", R"({"pair":"XBTUSD","type":"buy"})"));
    const auto all = fixture.start(2, "CancelAll");
    fixture.run_until_sent(2);
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((*order)->has_value());
    CHECK((*all)->has_value());
    CHECK(fixture.sent() == Sent{"AddOrder", "CancelAll", "CancelOrder"});
    CHECK(fixture.upstream.requests.back().body.contains("OAAAAA-AAAAA-AAAAAA"));
    CHECK(fixture.store.written.at(0).state == state::IntentState::placed);
}

TEST_CASE("an order that a CancelAll has passed is canceled only if that one was executed, and behind it") {
    Fixture fixture;
    fixture.upstream.then(answer(R"({"descr":{"order":"x"},"txid":["OAAAAA-AAAAA-AAAAAA"]})"));
    const bool executed = GENERATE(true, false);
    if (executed) {
        fixture.upstream.then(test::lost());
        fixture.upstream.then(answer(R"({"count":0})"));
    } else {
        fixture.upstream.then(test::refusal("EGeneral:Permission denied"));
    }
    const auto order = fixture.start(1, call_of("AddOrder", R"({"pair":"XBTUSD","type":"buy"})"));
    const auto all = fixture.start(2, "CancelAll");
    fixture.run_until_sent(2);
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((*order)->has_value());
    CHECK((*all)->has_value() == executed);
    CHECK(
        fixture.sent() ==
        (executed ? Sent{"AddOrder", "CancelAll", "CancelAll", "CancelOrder"} : Sent{"AddOrder", "CancelAll"})
    );
    CHECK(fixture.store.written.at(0).cancel_when_found == executed);
}

TEST_CASE("nothing is passed before its bytes are out: the nonces would change places") {
    Fixture fixture;
    fixture.upstream.writes = false;
    fixture.start(1, "AddOrder");
    fixture.start(2, "CancelOrder");
    fixture.loop.context.restart();
    fixture.loop.context.run_for(patience + 50ms);
    CHECK(fixture.sent() == Sent{"AddOrder"});
}

TEST_CASE("each cancel that is passed has had its quarter of a second, and not too many are") {
    Fixture fixture;
    fixture.start(1, "AddOrder");
    const auto begun = steady_clock::now();
    for (pid_t client = 2; client <= 7; ++client)
        fixture.start(client, "CancelOrder");
    fixture.run_until_sent(3);
    CHECK(steady_clock::now() - begun >= 2 * patience);
    fixture.run_until_sent(5);
    fixture.loop.context.restart();
    fixture.loop.context.run_for(patience + 50ms);
    CHECK(fixture.sent().size() == 5);
    CHECK(std::ranges::is_sorted(fixture.upstream.nonces()));
}

TEST_CASE("nothing but a read is ever given up, nothing passed that cancels all, and nothing but for a cancel"
) {
    struct Row {
        const char* under_way;
        const char* waits;
    };
    const auto row = GENERATE(
        as<Row>(),
        Row{"CancelAll", "CancelOrder"},
        Row{"CancelAllOrdersAfter", "CancelOrder"},
        Row{"AddOrder", "AddOrder"},
        Row{"AddOrder", "Balance"},
        Row{"CancelOrder", "AddOrder"},
        Row{"Balance", "AddOrder"},
        Row{"Balance", "Ledgers"}
    );
    CAPTURE(row.under_way, row.waits);
    Fixture fixture;
    const auto first = fixture.start(1, row.under_way);
    const auto second = fixture.start(2, row.waits);
    fixture.loop.context.restart();
    fixture.loop.context.run_for(patience + 50ms);
    CHECK(fixture.sent() == Sent{row.under_way});
    fixture.answer_one();
    CHECK(first->has_value());
    CHECK(fixture.sent() == Sent{row.under_way, row.waits});
}

TEST_CASE("a read is not given up for a cancel that it does not hold up") {
    Fixture fixture({"aaaaaaaa", "bbbbbbbb"});
    fixture.start(1, "AddOrder");
    fixture.start(2, "Balance");
    fixture.start(1, "CancelOrder");  // waits for its own client's placement
    fixture.loop.context.restart();
    fixture.loop.context.run_for(patience + 50ms);
    CHECK(fixture.sent() == Sent{"AddOrder", "Balance"});
    fixture.answer_one();
    CHECK(fixture.sent() == Sent{"AddOrder", "Balance", "CancelOrder"});
}

TEST_CASE("two cancels give up one read for each") {
    Fixture fixture({"aaaaaaaa", "bbbbbbbb"});
    fixture.start(1, "Balance");
    fixture.start(1, "Ledgers");
    fixture.start(2, "CancelOrder");
    fixture.start(3, "CancelOrder");
    fixture.run_until_sent(4);
    CHECK(fixture.sent() == Sent{"Balance", "Ledgers", "CancelOrder", "CancelOrder"});
    fixture.answer_one();
    fixture.answer_one();
    CHECK(fixture.sent().size() == 6);
}

TEST_CASE("a read that was given up ends with its deadline") {
    Fixture fixture;
    account::Call call = call_of("Balance");
    call.deadline = steady_clock::now() + patience + 50ms;
    const auto read = fixture.start(1, call);
    fixture.start(2, "CancelOrder");
    fixture.run_until_sent(2);
    while (!read->has_value())
        fixture.loop.context.run_one();
    CHECK((*read)->error().code == ErrorCode::timeout);
    CHECK((*read)->error().executed == protocol::Executed::no);
    CHECK(fixture.sent() == Sent{"Balance", "CancelOrder"});
}
