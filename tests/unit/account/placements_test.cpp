// account/placements: intents before sending, one call for one key, a person's word, and what a restart
// finds.

#include "support/bench.hpp"

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::ErrorCode;
using protocol::Executed;
using protocol::Result;
using state::IntentState;
using std::chrono::steady_clock;
using test::answer;
using test::call_of;
using namespace std::chrono_literals;

std::string open_order(const std::string& userref) {
    return R"({"open":{"OAAAAA-AAAAA-AAAAAA":{"userref":)" + userref +
           R"(,"status":"open","opentm":1700000001.5,"vol":"1","descr":{"pair":"XBTUSD","type":"buy",)"
           R"("ordertype":"limit","price":"1","price2":"0","order":"x","close":""}}}})";
}

constexpr std::string_view placed = R"({"descr":{"order":"x"},"txid":["OAAAAA-AAAAA-AAAAAA"]})";

struct Fixture : test::Bench {
    enum class Time { known, unknown };
    explicit Fixture(Time time = Time::known) : Bench({.default_account = "", .retry = test::at_once}) {
        keeper.hold("master", "0123abcd");
        if (time == Time::known) tell_time();
        accounts.refresh();
    }

    account::Account& account() { return *accounts.list().at(0); }
    account::Call order(
        std::string key = "", std::string_view parameters = R"({"pair":"XBTUSD","type":"buy"})"
    ) {
        account::Call call = call_of("AddOrder", parameters);
        call.call_id = "call-" + std::to_string(++calls);
        call.idempotency_key = std::move(key);
        return call;
    }
    Result<std::string> place(account::Call call) { return loop.run(account().call(std::move(call))); }
    auto sent(std::string_view endpoint) const {
        return std::ranges::count(upstream.targets(), "/0/private/" + std::string(endpoint));
    }

    // A Kraken that places an order, whose answer is lost, and shows it as soon as `shown` is true.
    test::FakeUpstream::Outcome lose_order(const net::Request& request) {
        if (request.target.ends_with("AddOrder")) {
            const auto at = request.body.find("userref=") + 8;
            userref = request.body.substr(at, request.body.find('&', at) - at);
            return test::lost();
        }
        if (shown && request.target.ends_with("OpenOrders")) return answer(open_order(userref));
        return test::empty_books(clock)(request);
    }

    // The daemon asks what became of it, and Kraken does not answer before `upstream.held` is open.
    test::EventLoop::Later<Result<std::string>> lose_one_and_hold_the_question() {
        upstream.otherwise = [this](const net::Request& request) { return lose_order(request); };
        upstream.is_held = [](const net::Request& request) {
            return request.target.ends_with("GetApiKeyInfo");
        };
        upstream.held.close();
        auto lost = loop.start(account().call(order()));
        loop.poll();
        return lost;
    }

    int calls = 0;
    bool shown = true;
    std::string userref;
};

}  // namespace

TEST_CASE("placements: the intent is durable before the first byte, with what it will be found by") {
    Fixture fixture;
    fixture.upstream.then(answer(placed));
    REQUIRE(fixture.place(fixture.order()));  // so that the key has nonces
    fixture.store.saves_held.close();
    fixture.upstream.then(answer(placed));
    const auto outcome = fixture.loop.start(fixture.account().call(fixture.order()));
    fixture.loop.poll();
    CHECK(fixture.sent("AddOrder") == 1);  // of the first call
    fixture.store.saves_held.open();
    fixture.loop.run();
    CHECK(**outcome == std::string(placed));
    CHECK(fixture.sent("AddOrder") == 2);
    const state::Intent& intent = fixture.store.written.at(1);
    CHECK(intent.id == "call-2");
    CHECK(intent.state == IntentState::placed);
    CHECK(intent.outcome == placed);
    CHECK(std::to_string(intent.nonce.value()) == std::to_string(fixture.upstream.nonces().back()));
    const auto sought = account::parse_sought(intent.sought);
    REQUIRE(sought);
    CHECK(sought->rows.at(0).tag.ours);
    CHECK(sought->deadline);
}

TEST_CASE(
    "placements: while Kraken's time is not known, what is written has no date, and nothing is forgotten"
) {
    Fixture fixture;
    fixture.upstream.then(answer(placed));
    REQUIRE(fixture.place(fixture.order()));
    CHECK(fixture.store.known_times.back());
    CHECK(fixture.store.ends.back().dated);
    Fixture other(Fixture::Time::unknown);
    other.upstream.otherwise = [](const net::Request& request) {
        return request.target.ends_with("Time") ? test::lost() : answer(placed);
    };
    REQUIRE(other.place(other.order()));
    CHECK_FALSE(other.store.known_times.back());
    CHECK_FALSE(other.store.ends.back().dated);
}

TEST_CASE("placements: where its end cannot be written, a repeat of its key is told what it was all the same"
) {
    Fixture fixture;
    fixture.upstream.then(answer(placed));
    REQUIRE(fixture.place(fixture.order()));
    fixture.upstream.then(answer(placed));
    fixture.upstream.otherwise = test::empty_books(fixture.clock);
    fixture.store.fail_after(1);  // it is opened
    REQUIRE(fixture.place(fixture.order("k")));
    CHECK(fixture.store.written.at(1).state == IntentState::sent);
    CHECK(fixture.place(fixture.order("k")) == std::string(placed));
    CHECK(fixture.sent("AddOrder") == 2);
}

TEST_CASE("placements: one that cannot be written down is not sent") {
    Fixture fixture;
    fixture.upstream.then(answer(placed));
    REQUIRE(fixture.place(fixture.order()));
    fixture.store.fail_after(0);
    const auto outcome = fixture.place(fixture.order());
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == ErrorCode::storage);
    CHECK(outcome.error().executed == Executed::no);
    CHECK(fixture.sent("AddOrder") == 1);
}

TEST_CASE("placements: what was refused is written down as not placed, and frees its key") {
    Fixture fixture;
    fixture.upstream.then(test::refusal("EOrder:Insufficient funds"));
    fixture.upstream.then(answer(placed));
    CHECK(fixture.place(fixture.order("k")).error().code == ErrorCode::funds);
    CHECK(fixture.store.written.at(0).state == IntentState::not_placed);
    CHECK(fixture.place(fixture.order("k")) == std::string(placed));
    CHECK(fixture.sent("AddOrder") == 2);
}

TEST_CASE("placements: all calls of one key are one, whatever the order of their members") {
    Fixture fixture;
    fixture.upstream.then(answer(placed));
    const auto first = fixture.loop.start(fixture.account().call(fixture.order("k")));
    const auto second =
        fixture.loop.start(fixture.account().call(fixture.order("k", R"({"type":"buy","pair":"XBTUSD"})")));
    fixture.loop.run();
    CHECK(**first == std::string(placed));
    CHECK(**second == std::string(placed));
    CHECK(fixture.place(fixture.order("k")) == std::string(placed));
    CHECK(fixture.sent("AddOrder") == 1);
    const auto other = fixture.place(fixture.order("k", R"({"pair":"XBTUSD","type":"buy","volume":"1"})"));
    CHECK(other.error().code == ErrorCode::idempotency);
    // Another client's key is another key.
    fixture.upstream.then(answer(placed));
    account::Call stranger = fixture.order("k");
    stranger.caller.uid = 4711;
    CHECK(fixture.place(std::move(stranger)));
    CHECK(fixture.sent("AddOrder") == 2);
}

TEST_CASE("placements: an order that Kraken finds valid is written down as not placed") {
    Fixture fixture;
    fixture.upstream.then(answer(R"({"descr":{"order":"x"}})"));
    CHECK(fixture.place(fixture.order("", R"({"pair":"XBTUSD","validate":true})")));
    CHECK(fixture.store.written.at(0).state == IntentState::not_placed);
    CHECK(fixture.store.written.at(0).outcome.empty());
}

TEST_CASE("placements: an order that is only validated is in nobody's books, so its loss is no doubt") {
    Fixture fixture;
    fixture.upstream.then(test::lost());
    const auto outcome = fixture.place(fixture.order("", R"({"pair":"XBTUSD","validate":true})"));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == ErrorCode::network);
    CHECK(outcome.error().executed == Executed::no);
    CHECK(fixture.upstream.requests.size() == 1);
}

TEST_CASE("placements: a CancelAll that came before an order showed cancels it when it shows") {
    Fixture fixture;
    fixture.shown = false;
    fixture.upstream.otherwise = [&](const net::Request& request) -> test::FakeUpstream::Outcome {
        if (request.target.ends_with("CancelAll")) {
            fixture.shown = true;
            return answer(R"({"count":0})");
        }
        return fixture.lose_order(request);
    };
    fixture.clock.advance(0s);
    const auto lost = fixture.loop.start(fixture.account().call(fixture.order()));
    fixture.loop.poll();
    const auto all = fixture.loop.start(fixture.account().call(call_of("CancelAll")));
    fixture.loop.run();
    REQUIRE(**all);
    CHECK(**lost == R"({"descr":{"order":"x"},"txid":["OAAAAA-AAAAA-AAAAAA"]})");
    CHECK(fixture.sent("CancelOrder") == 1);
    CHECK(fixture.sent("AddOrder") == 1);
}

TEST_CASE(
    "placements: while an order that showed late is being canceled, a repeat of its key is told that it was "
    "placed"
) {
    Fixture fixture;
    fixture.upstream.otherwise = [&](const net::Request& request) { return fixture.lose_order(request); };
    std::string held = "GetApiKeyInfo";
    fixture.upstream.is_held = [&](const net::Request& request) { return request.target.ends_with(held); };
    fixture.upstream.held.close();
    const auto lost = fixture.loop.start(fixture.account().call(fixture.order("k")));
    fixture.loop.poll();
    const auto all = fixture.loop.start(fixture.account().call(call_of("CancelAll")));
    fixture.loop.poll();
    held = "CancelOrder";
    fixture.upstream.held.open_for_one();
    while (fixture.sent("CancelOrder") == 0) {
        fixture.loop.context.restart();
        fixture.loop.context.run_one();
    }
    const auto repeat = fixture.loop.start(fixture.account().call(fixture.order("k")));
    fixture.loop.poll();
    REQUIRE(repeat->has_value());
    CHECK(**repeat == R"({"descr":{"order":"x"},"txid":["OAAAAA-AAAAA-AAAAAA"]})");
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK(**lost == repeat->value().value());
    CHECK(fixture.sent("AddOrder") == 1);
    CHECK(fixture.store.written.size() == 1);
    CHECK(fixture.store.written.at(0).state == IntentState::placed);
}

TEST_CASE("placements: where the daemon stops before an order could be canceled, the next run finds it again"
) {
    Fixture fixture;
    fixture.upstream.otherwise = [&](const net::Request& request) -> test::FakeUpstream::Outcome {
        if (request.target.ends_with("CancelOrder")) {
            fixture.api.stop();
            return test::lost();
        }
        return fixture.lose_order(request);
    };
    fixture.upstream.is_held = [](const net::Request& request) {
        return request.target.ends_with("GetApiKeyInfo");
    };
    fixture.upstream.held.close();
    const auto lost = fixture.loop.start(fixture.account().call(fixture.order()));
    fixture.loop.poll();
    REQUIRE(fixture.loop.start(fixture.account().call(call_of("CancelAll"))));
    fixture.loop.poll();
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK(**lost == R"({"descr":{"order":"x"},"txid":["OAAAAA-AAAAA-AAAAAA"]})");
    CHECK(fixture.sent("CancelOrder") == 1);
    CHECK(fixture.store.written.at(0).state == IntentState::sent);
    CHECK(fixture.store.written.at(0).cancel_when_found);
}

TEST_CASE("placements: a CancelAll that was not executed cancels nothing later") {
    Fixture fixture;
    fixture.upstream.otherwise = [&](const net::Request& request) -> test::FakeUpstream::Outcome {
        if (request.target.ends_with("AddOrder")) return test::lost();
        if (request.target.ends_with("CancelAll")) return test::refusal("EGeneral:Permission denied");
        return test::empty_books(fixture.clock)(request);
    };
    fixture.upstream.is_held = [](const net::Request& request) {
        return request.target.ends_with("GetApiKeyInfo");
    };
    fixture.upstream.held.close();
    const auto lost = fixture.loop.start(fixture.account().call(fixture.order()));
    fixture.loop.poll();
    const auto all = fixture.loop.start(fixture.account().call(call_of("CancelAll")));
    fixture.loop.poll();
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(all->has_value());
    CHECK((*all)->error().code == ErrorCode::permission);
    CHECK(lost->has_value());
    CHECK_FALSE(fixture.store.written.at(0).cancel_when_found);
}

TEST_CASE(
    "placements: of two CancelAlls, the one that was not executed does not take back what the other wants"
) {
    Fixture fixture;
    fixture.upstream.otherwise = [&](const net::Request& request) -> test::FakeUpstream::Outcome {
        if (request.target.ends_with("AddOrder")) return test::lost();
        return test::empty_books(fixture.clock)(request);
    };
    fixture.upstream.is_held = [](const net::Request& request) {
        return request.target.ends_with("GetApiKeyInfo");
    };
    fixture.upstream.held.close();
    fixture.loop.start(fixture.account().call(fixture.order()));
    fixture.loop.poll();
    account::Placements& placements = fixture.account().placements();
    const auto refused = fixture.loop.start(placements.cancel_what_shows());
    const auto executed = fixture.loop.start(placements.cancel_what_shows());
    fixture.loop.poll();
    CHECK(**refused == std::vector<std::string>{"call-1"});
    CHECK(**executed == **refused);
    boost::asio::co_spawn(fixture.loop.context, placements.spare(**refused), boost::asio::detached);
    fixture.loop.poll();
    CHECK(fixture.store.written.at(0).cancel_when_found);
    CHECK(placements.find("call-1")->is_to_be_canceled());
    boost::asio::co_spawn(fixture.loop.context, placements.spare(**executed), boost::asio::detached);
    fixture.loop.poll();
    CHECK_FALSE(fixture.store.written.at(0).cancel_when_found);
    fixture.upstream.held.open();
    fixture.loop.run();
}

TEST_CASE("placements: the repeat of a lost call is never told that nothing was sent") {
    Fixture fixture;
    fixture.upstream.otherwise = [](const net::Request&) { return test::lost(); };
    // Until there is an outcome, as the search goes on beside it.
    const auto soon = [&fixture](auto question) {
        const auto outcome = fixture.loop.start(std::move(question));
        while (!outcome->has_value()) {
            fixture.loop.context.restart();
            fixture.loop.context.run_one();
        }
        return **outcome;
    };
    const auto hasty = [&](std::string key) {
        account::Call call = fixture.order(std::move(key));
        call.deadline = steady_clock::now() + 30ms;
        return soon(fixture.account().call(std::move(call)));
    };
    CHECK(hasty("k").error().executed == Executed::unknown);
    fixture.account().keys().at(0)->lane()->hold(protocol::make_error(ErrorCode::auth, "held"));
    CHECK(hasty("other").error().code == ErrorCode::auth);
    CHECK(hasty("k").error().executed == Executed::unknown);
    // Nor while there is no account that could be asked.
    const auto known = soon(fixture.accounts.recall(fixture.order("k"), "master"));
    REQUIRE(known);
    CHECK(known->error().executed == Executed::unknown);
    CHECK(known->error().details.at("intent") == "call-1");
    CHECK_FALSE(soon(fixture.accounts.recall(fixture.order("new"), "master")));
    CHECK(fixture.sent("AddOrder") == 1);
    REQUIRE(fixture.loop.run(fixture.accounts.settle_intent(
        "call-1", {.state = IntentState::not_placed, .reason = "looked", .said_by = {}}
    )));
}

TEST_CASE("placements: a person's word ends the search, and is kept") {
    Fixture fixture;
    fixture.upstream.otherwise = [](const net::Request&) { return test::lost(); };
    account::Call hasty = fixture.order("k");
    hasty.deadline = steady_clock::now() + 30ms;
    const auto lost = fixture.loop.start(fixture.account().call(hasty));
    while (!lost->has_value()) {
        fixture.loop.context.restart();
        fixture.loop.context.run_one();
    }
    CHECK((*lost)->error().code == ErrorCode::outcome_unknown);
    const auto report = fixture.loop.run(fixture.accounts.settle_intent(
        "call-1",
        {.state = IntentState::placed, .reason = "seen it myself", .said_by = {.program = "by hand"}}
    ));
    REQUIRE(report);
    REQUIRE(fixture.store.ends.size() == 1);
    REQUIRE(fixture.store.ends.at(0).said_by);
    CHECK(fixture.store.ends.at(0).said_by->program == "by hand");
    CHECK(fixture.store.written.at(0).state == IntentState::placed);
    CHECK(fixture.store.written.at(0).reason == "seen it myself");
    const auto again = fixture.place(fixture.order("k"));
    REQUIRE_FALSE(again);
    CHECK(again.error().executed == Executed::yes);
    CHECK(fixture.sent("AddOrder") == 1);
}

TEST_CASE("placements: a person's word is durable when it is acknowledged, whatever is asked meanwhile") {
    Fixture fixture;
    const auto lost = fixture.lose_one_and_hold_the_question();
    const auto said = fixture.loop.start(fixture.accounts.settle_intent(
        "call-1", {.state = IntentState::placed, .reason = "seen it myself", .said_by = {}}
    ));
    fixture.loop.poll();
    REQUIRE(said->has_value());
    REQUIRE(**said);
    CHECK(fixture.store.written.at(0).state == IntentState::placed);
    fixture.upstream.held.open();
    fixture.loop.run();
    CHECK((*lost)->error().executed == Executed::yes);
    CHECK(fixture.store.ends.size() == 1);
}

TEST_CASE("placements: a person's word that cannot be written is not acknowledged") {
    Fixture fixture;
    const auto lost = fixture.lose_one_and_hold_the_question();
    fixture.store.fail_after(0);
    const auto said = fixture.loop.start(fixture.accounts.settle_intent(
        "call-1", {.state = IntentState::placed, .reason = "seen it myself", .said_by = {}}
    ));
    fixture.loop.poll();
    REQUIRE(said->has_value());
    REQUIRE_FALSE(**said);
    CHECK((*said)->error().code == ErrorCode::storage);
    fixture.upstream.held.open();
    fixture.loop.run();
}

TEST_CASE("placements: of lost calls one looks at a time, from the first list to the last") {
    Fixture fixture;
    fixture.shown = false;
    fixture.upstream.otherwise = [&](const net::Request& request) { return fixture.lose_order(request); };
    const auto first = fixture.loop.start(fixture.account().call(fixture.order()));
    const auto second = fixture.loop.start(fixture.account().call(fixture.order()));
    fixture.loop.run();
    CHECK((*first)->error().executed == Executed::no);
    CHECK((*second)->error().executed == Executed::no);
    CHECK(fixture.sent("OpenOrders") > 1);
    std::string latest;
    for (const std::string& target : fixture.upstream.targets()) {
        if (target.ends_with("ClosedOrders")) CHECK(latest.ends_with("OpenOrders"));
        if (target.ends_with("TradesHistory")) CHECK(latest.ends_with("ClosedOrders"));
        latest = target;
    }
}

TEST_CASE("placements: a rate limit that refuses one look keeps the account's others from asking") {
    Fixture fixture;
    fixture.upstream.otherwise = [&](const net::Request& request) {
        if (request.target.ends_with("OpenOrders")) return test::refusal("EAPI:Rate limit exceeded");
        return fixture.lose_order(request);
    };
    const auto first = fixture.loop.start(fixture.account().call(fixture.order()));
    const auto second = fixture.loop.start(fixture.account().call(fixture.order()));
    while (fixture.sent("OpenOrders") == 0) {
        fixture.loop.context.restart();
        fixture.loop.context.run_one();
    }
    fixture.loop.poll();
    CHECK(fixture.account().placements().settling() == 2);
    CHECK(fixture.sent("OpenOrders") == 1);
}

TEST_CASE("placements: a person's word on what could not be found out is written down") {
    Fixture fixture;
    fixture.upstream.otherwise = [&](const net::Request& request) {
        if (request.target.ends_with("AddStrategy")) return test::lost();
        return test::empty_books(fixture.clock)(request);
    };
    account::Call call = call_of("AddStrategy", R"({"symbol":"BTC/USD"})");
    call.call_id = "call-1";
    CHECK(fixture.place(call).error().code == ErrorCode::outcome_unknown);
    CHECK(fixture.store.written.at(0).state == IntentState::unknown);
    REQUIRE(fixture.loop.run(fixture.accounts.settle_intent(
        "call-1", {.state = IntentState::not_placed, .reason = "looked", .said_by = {}}
    )));
    CHECK(fixture.store.written.at(0).state == IntentState::not_placed);
    CHECK_FALSE(fixture.account().placements().find("call-1"));
}
