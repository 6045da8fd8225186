// account/shared_reads, through accounts: equal reads at the same time are one call at Kraken.

#include "account/shared_reads.hpp"

#include "support/bench.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::ErrorCode;
using protocol::Result;
using test::answer;
using test::call_of;
using namespace std::chrono_literals;
using Later = test::EventLoop::Later<Result<std::string>>;

// Two keys, and a network that answers when the test says so.
struct Fixture : test::Bench {
    Fixture() : Bench({.default_account = "", .retry = test::at_once}) {
        keeper.hold("master", "aaaaaaaa");
        keeper.hold("master", "bbbbbbbb");
        accounts.refresh();
        upstream.held.close();
    }
    ~Fixture() {
        upstream.held.open();
        loop.run();
    }
    Later start(account::Call call) {
        const bool is_public = call.endpoint->kind == protocol::EndpointKind::public_;
        auto later = is_public ? loop.start(accounts.call_public(std::move(call)))
                               : loop.start((*accounts.find("master"))->call(std::move(call)));
        loop.poll();
        return later;
    }
    Later start(std::string_view endpoint, std::string_view parameters = "") {
        return start(call_of(endpoint, parameters));
    }
    void answer_one() {
        upstream.held.open_for_one();
        loop.poll();
    }
    std::size_t sent() const { return upstream.requests.size(); }
};

}  // namespace

TEST_CASE("equal reads under way are one request, and all get its answer") {
    Fixture fixture;
    const auto endpoint = GENERATE(as<std::string>(), "TradesHistory", "Trades");
    fixture.upstream.then(answer(R"({"a":1})"));
    const auto first = fixture.start(endpoint, R"({"pair":"XBTUSD","start":1})");
    const auto second = fixture.start(endpoint, R"({"start":1,"pair":"XBTUSD"})");
    CHECK(fixture.sent() == 1);
    fixture.answer_one();
    REQUIRE(first->has_value());
    REQUIRE(second->has_value());
    CHECK(**first == R"({"a":1})");
    CHECK(**second == R"({"a":1})");
    fixture.start(endpoint, R"({"pair":"XBTUSD","start":1})");  // that one is over
    CHECK(fixture.sent() == 2);
}

TEST_CASE("what differs in a byte is another read, and nothing but reads is shared") {
    Fixture fixture;
    const auto [endpoint, one, other] = GENERATE(table<std::string, std::string, std::string>({
        {"TradesHistory", R"({"start":1})", R"({"start":"1"})"},
        {"TradesHistory", R"({"start":1})", R"({"end":1})"},
        {"TradesHistory", R"({})", R"({"start":1})"},
        {"Trades", R"({"pair":"XBTUSD"})", R"({"pair":"XBTEUR"})"},
        {"AddOrder", R"({"pair":"XBTUSD"})", R"({"pair":"XBTUSD"})"},
        {"CancelOrder", R"({"txid":"OA"})", R"({"txid":"OA"})"},
        {"GetWebSocketsToken", "", ""},
    }));
    CAPTURE(endpoint);
    auto call = call_of(endpoint, one);
    call.caller = {1000, 1};
    fixture.start(call);
    auto second = call_of(endpoint, other);
    second.caller = {1000, 2};
    fixture.start(second);
    CHECK(fixture.sent() == 2);
}

TEST_CASE("a read that was sent before a write completed is joined by nobody after it") {
    Fixture fixture;
    const auto read = fixture.start("OpenOrders");
    const auto joined = fixture.start("OpenOrders");
    const auto write = fixture.start("CancelOrder", R"({"txid":"OA"})");
    const auto still_joined = fixture.start("OpenOrders");
    CHECK(fixture.sent() == 2);
    fixture.answer_one();  // the read
    fixture.answer_one();
    REQUIRE(write->has_value());

    const auto before = fixture.start("Balance");
    const auto second_write = fixture.start("CancelOrder", R"({"txid":"OB"})");
    CHECK(fixture.sent() == 4);
    fixture.upstream.otherwise = [](const net::Request& request) {
        return answer(request.target.ends_with("Balance") ? "1" : "{}");
    };
    const auto after = fixture.start("Balance");
    CHECK(fixture.sent() == 4);  // the write has not completed
    fixture.answer_one();        // Balance
    CHECK(before->has_value());
    CHECK(after->has_value());
}

TEST_CASE("a failure is everybody's, and each caller's patience its own") {
    Fixture fixture;
    fixture.upstream.then(test::refusal("EQuery:Unknown asset"));
    const auto first = fixture.start("Balance");
    auto hasty = call_of("Balance");
    hasty.deadline = std::chrono::steady_clock::now() + 1ms;
    const auto second = fixture.start(hasty);
    const auto third = fixture.start("Balance");
    while (!second->has_value())
        fixture.loop.context.restart(), fixture.loop.context.run_one();
    CHECK((*second)->error().code == ErrorCode::timeout);
    CHECK_FALSE(first->has_value());
    fixture.answer_one();
    CHECK((*first)->error().kraken == std::vector<std::string>{"EQuery:Unknown asset"});
    CHECK((*third)->error().kraken == std::vector<std::string>{"EQuery:Unknown asset"});
    CHECK(fixture.sent() == 1);
}
