// Whole calls over the fake network: how often they are sent, with which nonces, and what comes back.

#include "support/bench.hpp"
#include "support/log_capture.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::ErrorCode;
using protocol::Executed;
using protocol::Result;
using std::chrono::steady_clock;
using test::answer;
using test::call_of;
using test::lost;
using test::not_sent;
using test::refusal;
using namespace std::chrono_literals;

struct Fixture : test::Bench {
    explicit Fixture(account::RetrySettings retry = test::at_once)
        : Bench({.default_account = "", .retry = retry}) {
        keeper.hold("master", "0123abcd");
        accounts.refresh();
        tell_time();
    }

    // How often it was sent.
    auto sent(std::string_view endpoint) const {
        const auto targets = upstream.targets();
        return std::ranges::count(targets, "/0/private/" + std::string(endpoint));
    }

    Result<std::string> call(account::Call call) {
        return loop.run(accounts.list().at(0)->call(std::move(call)));
    }
};

}  // namespace

TEST_CASE("a read is repeated with fresh nonces until it is answered") {
    Fixture fixture;
    fixture.upstream.then(lost());
    fixture.upstream.then(not_sent());
    fixture.upstream.then(net::Reply{502, "text/html", "<html>"});
    fixture.upstream.then(answer("[1]"));
    CHECK(fixture.call(call_of("Balance")) == "[1]");
    const auto nonces = fixture.upstream.nonces();
    CHECK(nonces.size() == 4);
    CHECK(std::ranges::adjacent_find(nonces, std::greater_equal()) == nonces.end());
}

TEST_CASE("a placement is sent once, whatever happens to it") {
    const auto outcome =
        GENERATE(lost(), not_sent(), refusal("EAPI:Invalid nonce"), refusal("EService:Busy"));
    Fixture fixture;
    fixture.upstream.then(outcome);
    fixture.upstream.otherwise = test::empty_books(fixture.clock);
    CHECK_FALSE(fixture.call(call_of("AddOrder")));
    CHECK(fixture.sent("AddOrder") == 1);
}

TEST_CASE("a placement that was lost is unknown at its deadline, one that never left is not executed") {
    Fixture fixture;
    fixture.upstream.then(lost());
    fixture.upstream.then(not_sent());
    fixture.upstream.otherwise = test::empty_books(fixture.clock);
    // The fence fails, and its caller has gone before the next try.
    account::Call hasty = call_of("AddOrder");
    hasty.deadline = steady_clock::now() + 50ms;
    const auto first = fixture.call(std::move(hasty));
    REQUIRE_FALSE(first);
    CHECK(first.error().code == ErrorCode::outcome_unknown);
    CHECK(first.error().executed == Executed::unknown);
    CHECK_FALSE(first.error().retryable);
    CHECK(first.error().details.at("settling") == true);
    fixture.upstream.then(not_sent());
    const auto second = fixture.call(call_of("AddOrder"));
    CHECK(second.error().code == ErrorCode::network);
    CHECK(second.error().executed == Executed::no);
    CHECK(second.error().retryable);
}

TEST_CASE("attempts end with the settings' number") {
    Fixture fixture;
    fixture.upstream.otherwise = [](const net::Request&) { return lost(); };
    CHECK(fixture.call(call_of("Balance")).error().code == ErrorCode::network);
    CHECK(fixture.upstream.requests.size() == 4);
}

TEST_CASE("no pause goes beyond the deadline") {
    Fixture fixture({4, 600'000ms, 600'000ms});
    fixture.upstream.otherwise = [](const net::Request&) { return refusal("EService:Busy"); };
    const auto outcome = fixture.call(call_of("Balance"));
    CHECK(outcome.error().code == ErrorCode::service);
    CHECK(fixture.upstream.requests.size() == 1);
}

TEST_CASE("B4: a throttled call gives up at once when it may not go out before its deadline") {
    // It may again in 100 s; the call has a minute.
    Fixture fixture({4, 0ms, 600'000ms});
    fixture.upstream.otherwise = [](const net::Request&) {
        return refusal("EService:Throttled: 1700000100");
    };
    const auto begun = steady_clock::now();
    const auto outcome = fixture.call(call_of("Balance"));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == ErrorCode::rate_limit);
    CHECK(outcome.error().retry_after == 100s);
    CHECK(outcome.error().retryable);
    CHECK(fixture.upstream.requests.size() == 1);
    CHECK(steady_clock::now() - begun < 30s);
}

TEST_CASE("B4: a throttled call waits as long as Kraken says, and no longer than the daemon lives") {
    Fixture fixture;  // whose own pauses are none
    fixture.upstream.otherwise = [](const net::Request&) {
        return refusal("EService:Throttled: 1700000030");
    };
    const bool is_public = GENERATE(false, true);
    const auto outcome = fixture.loop.start(
        is_public ? fixture.accounts.call_public(call_of("Ticker"))
                  : fixture.accounts.list().at(0)->call(call_of("Balance"))
    );
    for (int turn = 0; turn < 5; ++turn)
        fixture.loop.poll();
    CHECK_FALSE(outcome->has_value());
    CHECK(fixture.upstream.requests.size() == 1);
    fixture.accounts.stop();
    fixture.loop.run();
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->error().code == ErrorCode::rate_limit);
    CHECK(fixture.upstream.requests.size() == 1);
}

TEST_CASE("a read waits for what the daemon itself holds back, if it has the time") {
    const auto wait = GENERATE(1ms, 61'000ms);
    const auto endpoint = GENERATE(as<std::string>(), "Balance", "AddOrder");
    CAPTURE(wait.count(), endpoint);
    Fixture fixture;
    int tries = 0;
    const account::SendOnce send_once = [&]() -> boost::asio::awaitable<Result<kraken::Attempt>> {
        if (++tries > 1)
            co_return kraken::Attempt{kraken::Attempt::End::answered, {{}, {}, "[1]"}, "", false};
        auto error = protocol::make_error(ErrorCode::rate_limit, "this half minute's code was used");
        error.retry_after = wait;
        co_return std::unexpected(error);
    };
    const auto call = call_of(endpoint);
    const auto outcome =
        fixture.loop.run(account::make_call(fixture.api, fixture.server_clock, call, test::at_once, send_once)
        );
    const bool waits = wait == 1ms && endpoint == "Balance";
    CHECK(outcome.has_value() == waits);
    CHECK(tries == (waits ? 2 : 1));
    if (!waits) CHECK(outcome.error().code == ErrorCode::rate_limit);
}

TEST_CASE("what Kraken says is logged with the call it was said to") {
    Fixture fixture;
    test::LogCapture log;
    fixture.upstream.then(answer("{}", {"WDatabase:No change, really\n\x1b[31m"}));
    CHECK(fixture.call(call_of("Balance")));
    REQUIRE(log.of("kraken.warning").size() == 1);
    CHECK(log.of("kraken.warning")[0].fields.at("text") == "WDatabase:No change, really??[31m");
    fixture.upstream.then(answer("", {"EOrder:Tick size check failed", "EOrder:Invalid price"}));
    CHECK_FALSE(fixture.call(call_of("AddOrder")));
    REQUIRE(log.of("kraken.refused").size() == 1);
    CHECK(
        log.of("kraken.refused")[0].fields.at("text") == "EOrder:Tick size check failed, EOrder:Invalid price"
    );
    CHECK(log.of("kraken.refused")[0].fields.at("call_id") == "call-1");
}

TEST_CASE("A6: a text for the log is one short printable line without keys") {
    using account::fit_for_log;
    CHECK(fit_for_log("") == "");
    CHECK(fit_for_log("EService:Throttled: 1741500000") == "EService:Throttled: 1741500000");
    CHECK(fit_for_log("order OU22CG-KLAF2-FWUDD7") == "order OU22CG-KLAF2-FWUDD7");
    const std::string secret =
        "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";
    CHECK(
        fit_for_log("EGeneral:Invalid arguments:" + secret + ": no") == "EGeneral:Invalid arguments:...: no"
    );
    CHECK(fit_for_log(secret.substr(0, 24)) == "...");
    std::string words;
    for (int count = 0; count < 100; ++count)
        words += "word ";
    CHECK(fit_for_log(words) == words.substr(0, 200));
    CHECK(fit_for_log("a\r\nevent=fake \xc3\xa9") == "a??event=fake ??");
}

TEST_CASE("a repeated call waits for its turn anew") {
    // It had no time to wait when it came, and the lane was free; its repeat finds another call there.
    Fixture fixture;
    auto hasty = call_of("CancelOrder");
    hasty.max_wait = 0ms;
    fixture.upstream.held.close();
    fixture.upstream.then(lost());
    const auto account = fixture.accounts.list().at(0);
    const auto first = fixture.loop.start(account->call(hasty));
    fixture.loop.poll();
    const auto other = fixture.loop.start(account->call(call_of("Balance")));
    fixture.loop.poll();
    fixture.upstream.held.open_for_one();
    fixture.loop.poll();
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(first->has_value());
    // The first copy was sent, so whatever stops the second must not say that nothing was.
    if (!(*first)->has_value()) CHECK((*first)->error().code == ErrorCode::network);
    CHECK((*other)->has_value());
}

TEST_CASE("a call that was sent is never said not to have been") {
    Fixture fixture;
    fixture.upstream.then(lost());
    fixture.upstream.otherwise = [&](const net::Request&) { return lost(); };
    auto call = call_of("CancelOrder");
    const auto account = fixture.accounts.list().at(0);
    fixture.upstream.held.close();
    const auto outcome = fixture.loop.start(account->call(call));
    fixture.loop.poll();
    fixture.keeper.lock();
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(outcome->has_value());
    CHECK((*outcome)->error().code == ErrorCode::network);
    CHECK(fixture.upstream.requests.size() == 1);
}

TEST_CASE("a cancel whose first copy was lost is never said to have done nothing") {
    const auto later = GENERATE(
        lost(),
        not_sent(),
        refusal("EOrder:Unknown order"),
        refusal("EAPI:Invalid key"),
        refusal("EService:Busy")
    );
    Fixture fixture;
    fixture.upstream.then(lost());
    fixture.upstream.otherwise = [&](const net::Request&) { return later; };
    const auto outcome = fixture.call(call_of("CancelOrder"));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().executed == Executed::unknown);
    CHECK_FALSE(outcome.error().retryable);
    CHECK_FALSE(outcome.error().message.contains("nothing was sent"));
    if (outcome.error().origin == protocol::Origin::kraken)
        CHECK(outcome.error().message.starts_with("an earlier copy of the call may have been executed"));
}

TEST_CASE("a lost CancelAll is repeated, but not behind a later placement") {
    const auto later = GENERATE(as<std::string>(), "AddOrder", "Balance");
    CAPTURE(later);
    Fixture fixture;
    fixture.upstream.then(lost());
    fixture.upstream.held.close();
    const auto account = fixture.accounts.list().at(0);
    const auto cancel = fixture.loop.start(account->call(call_of("CancelAll")));
    fixture.loop.poll();
    const auto other = fixture.loop.start(account->call(call_of(later)));
    fixture.loop.poll();
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(cancel->has_value());
    CHECK((*other)->has_value());
    const bool repeated = later == "Balance";
    CHECK((*cancel)->has_value() == repeated);
    if (!repeated) CHECK((*cancel)->error().executed == Executed::unknown);
    CHECK(fixture.upstream.requests.size() == (repeated ? 3 : 2));
}

TEST_CASE("a lost cancel by a name that a later order may bear is not repeated behind a placement") {
    struct Row {
        std::string endpoint, parameters;
        bool by_name;
    };
    const auto row = GENERATE(
        as<Row>(),
        Row{"CancelOrder", R"({"txid":"OQCLML-BW3P3-BUCMWZ"})", false},
        Row{"CancelOrder", R"({"cl_ord_id":"bot-1"})", true},
        Row{"CancelOrder", R"({"txid":7})", true},
        Row{"CancelOrder", R"({"txid":"-7"})", true},
        Row{"CancelOrderBatch", R"({"orders":["OQCLML-BW3P3-BUCMWZ"]})", false},
        Row{"CancelOrderBatch", R"({"orders":["OQCLML-BW3P3-BUCMWZ",7]})", true},
        Row{"CancelOrderBatch", R"({"cl_ord_ids":["bot-1"]})", true}
    );
    const auto later = GENERATE(as<std::string>(), "AddOrder", "CancelOrder", "Balance");
    CAPTURE(row.endpoint, row.parameters, later);
    Fixture fixture;
    fixture.upstream.then(lost());
    fixture.upstream.held.close();
    const auto account = fixture.accounts.list().at(0);
    const auto cancel = fixture.loop.start(account->call(call_of(row.endpoint, row.parameters)));
    fixture.loop.poll();
    const auto other = fixture.loop.start(account->call(call_of(later)));
    fixture.loop.poll();
    fixture.upstream.held.open();
    fixture.loop.run();
    REQUIRE(cancel->has_value());
    CHECK((*other)->has_value());
    const bool repeated = !row.by_name || later != "AddOrder";
    CHECK((*cancel)->has_value() == repeated);
    if (!repeated) CHECK((*cancel)->error().executed == Executed::unknown);
    CHECK(fixture.upstream.requests.size() == (repeated ? 3 : 2));
}

TEST_CASE("a cancel that Kraken refused, or that never left, has done nothing") {
    const auto outcome = GENERATE(not_sent(), refusal("EOrder:Unknown order"));
    Fixture fixture;
    fixture.upstream.otherwise = [&](const net::Request&) { return outcome; };
    CHECK(fixture.call(call_of("CancelOrder")).error().executed == Executed::no);
}

TEST_CASE("a public call needs no account, no key and no open vault") {
    Fixture fixture;
    fixture.keeper.lock();
    fixture.accounts.refresh();
    fixture.upstream.then(not_sent());
    fixture.upstream.then(answer("{\"a\":1}"));
    CHECK(
        fixture.loop.run(fixture.accounts.call_public(call_of("Ticker", R"({"pair":["A","B"]})"))) ==
        "{\"a\":1}"
    );
    CHECK(fixture.upstream.targets() == std::vector<std::string>(2, "/0/public/Ticker?pair=A%2CB"));
    CHECK(fixture.store.saves == 0);
    CHECK(fixture.accounts.upstream_state() == "reachable");
}

TEST_CASE("a public call with a structure is refused before it is sent") {
    Fixture fixture;
    const auto outcome = fixture.loop.run(fixture.accounts.call_public(call_of("Ticker", R"({"a":{}})")));
    CHECK(outcome.error().code == ErrorCode::invalid_params);
    CHECK(fixture.upstream.requests.empty());
}
