// account/placements: what an earlier run of the daemon has left.

#include "support/bench.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using account::Sought;
using protocol::ErrorCode;
using protocol::Executed;
using state::IntentState;
using test::answer;
using test::call_of;
using namespace std::chrono_literals;

constexpr std::string_view placed = R"({"descr":{"order":"x"},"txid":["OAAAAA-AAAAA-AAAAAA"]})";

// One order of an hour ago, sent with an idempotency key, of which nothing is to be seen at Kraken.
struct Restarted : test::Bench {
    explicit Restarted(Sought::Kind kind = Sought::Kind::orders)
        : Bench({.default_account = "", .retry = test::at_once}) {
        tell_time();
        Sought sought;
        sought.kind = kind;
        if (kind == Sought::Kind::orders) {
            sought.rows.push_back(
                {.tag = {account::Tag::Kind::userref, "17", true},
                 .pair = "",
                 .side = "",
                 .type = "",
                 .volume = "",
                 .price = "",
                 .price2 = ""}
            );
            sought.sent_at = clock.time - 1h;
            sought.deadline = clock.time - 1h;
        }
        const state::Intent left{
            .id = "old-1",
            .client = "uid:0",
            .account = *base::AccountName::parse("master"),
            .key = base::KeyId("0123abcd"),
            .nonce = base::Nonce(1),
            .endpoint = "AddOrder",
            .sought = account::to_json(sought),
            .idempotency_key = "k",
            .arguments_hash = "not that of the repeat",
            .sent_at = clock.time - 1h,
        };
        store.at_start = {left};
        store.written = {left};
        upstream.otherwise = [this](const net::Request& request) {
            if (request.target.ends_with("GetApiKeyInfo")) return answer(key_info);
            if (request.target.ends_with("AddOrder")) return answer(placed);
            return test::empty_books(clock)(request);
        };
        upstream.is_held = [](const net::Request& request) {
            return request.target.ends_with("GetApiKeyInfo");
        };
    }

    // The vault is unlocked.
    account::Account& unlock() {
        keeper.hold("master", "0123abcd");
        accounts.refresh();
        return *accounts.list().at(0);
    }
    IntentState left() const { return store.written.at(0).state; }

    std::string key_info = R"({"nonceWindow":0})";
};

}  // namespace

TEST_CASE("after a restart, what was left open is settled before anything new is placed") {
    Restarted bench;
    bench.upstream.held.close();
    account::Account& account = bench.unlock();
    CHECK(account.placements().settling() == 1);
    account::Call hasty = call_of("AddOrder");
    hasty.max_wait = 0ms;
    const auto refused = bench.loop.start(account.call(hasty));
    const auto patient = bench.loop.start(account.call(call_of("AddOrder")));
    // A key that an earlier run knows is judged by what was written then, without waiting.
    account::Call repeat = call_of("AddOrder");
    repeat.idempotency_key = "k";
    repeat.max_wait = 0ms;
    const auto repeated = bench.loop.start(account.call(repeat));
    bench.loop.poll();
    REQUIRE(refused->has_value());
    CHECK((*refused)->error().code == ErrorCode::timeout);
    CHECK((*refused)->error().executed == Executed::no);
    REQUIRE(repeated->has_value());
    CHECK((*repeated)->error().code == ErrorCode::idempotency);
    bench.upstream.held.open();
    bench.loop.run();
    CHECK(**patient == std::string(placed));
    const auto targets = bench.upstream.targets();
    CHECK(targets.at(0) == "/0/public/Time");
    CHECK(targets.at(1) == "/0/private/GetApiKeyInfo");
    CHECK(targets.back() == "/0/private/AddOrder");
    CHECK(bench.left() == IntentState::not_placed);
}

TEST_CASE("after a restart, what had only been validated is no doubt") {
    Restarted bench(Sought::Kind::validation);
    account::Call order = call_of("AddOrder");
    order.max_wait = 0ms;
    CHECK(bench.loop.run(bench.unlock().call(order)));
    CHECK(bench.left() == IntentState::not_placed);
    CHECK(bench.upstream.targets() == std::vector<std::string>{"/0/private/AddOrder"});
}

TEST_CASE("after a restart, a person's word counts that was given before the unlock") {
    Restarted bench;
    REQUIRE(bench.loop.run(
        bench.accounts.settle_intent("old-1", {.state = IntentState::placed, .reason = "seen", .said_by = {}})
    ));
    account::Account& account = bench.unlock();
    CHECK(account.placements().settling() == 0);
    account::Call order = call_of("AddOrder");
    order.max_wait = 0ms;
    CHECK(bench.loop.run(account.call(order)));
    CHECK(bench.left() == IntentState::placed);
    CHECK(bench.upstream.targets() == std::vector<std::string>{"/0/private/AddOrder"});
}

TEST_CASE("after a restart, a key that may not look at the time in question proves nothing") {
    Restarted bench;
    const auto minutes_ago = [&](int minutes) {
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                  (bench.clock.time - std::chrono::minutes(minutes)).time_since_epoch()
        )
                                  .count());
    };
    struct Row {
        std::string limits;
        IntentState state;
    };
    const auto row = GENERATE_COPY(
        Row{R"("queryFrom":")" + minutes_ago(30) + '"', IntentState::unknown},
        Row{R"("queryTo":")" + minutes_ago(90) + '"', IntentState::unknown},
        Row{R"("queryFrom":")" + minutes_ago(90) + '"', IntentState::not_placed},
        Row{R"("queryFrom":"0","queryTo":null)", IntentState::not_placed}
    );
    CAPTURE(row.limits);
    bench.key_info = R"({"nonceWindow":0,)" + row.limits + "}";
    bench.unlock();
    bench.loop.run();
    CHECK(bench.left() == row.state);
}

TEST_CASE("after a restart, an order that waits for what was left is dropped by its client's CancelAll") {
    Restarted bench;
    const std::string key = GENERATE(as<std::string>(), "", "another");
    bench.upstream.held.close();
    account::Account& account = bench.unlock();
    account::Call order = call_of("AddOrder");
    order.idempotency_key = key;
    const auto dropped = bench.loop.start(account.call(order));
    bench.loop.poll();
    const auto all = bench.loop.start(account.call(call_of("CancelAll")));
    bench.loop.poll();
    bench.upstream.held.open();
    bench.loop.run();
    CHECK((*all)->has_value());
    REQUIRE_FALSE((*dropped)->has_value());
    CHECK((*dropped)->error().code == ErrorCode::order);
    CHECK((*dropped)->error().executed == Executed::no);
    CHECK(std::ranges::count(bench.upstream.targets(), "/0/private/AddOrder") == 0);
}
