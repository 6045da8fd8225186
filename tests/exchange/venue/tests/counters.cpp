// The trading engine's rate counter, with the published examples.

#include "tests/exchange/venue/counters.hpp"

#include <catch2/catch.hpp>

#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

TEST_CASE("add, amend after 7 s and cancel 36 s later cost 1 + 1 + 2 + 4 = 8") {
    CHECK(1 + age_cost(Penalty::amend, 7s) + age_cost(Penalty::cancel, 36s) == 8);
}

TEST_CASE("fifty adds and ten seconds leave 26.6 points at the intermediate tier") {
    Bench bench;
    for (int i = 0; i < 50; ++i)
        REQUIRE(bench.place(bench.limit("buy", "0.001", "20000")).starts_with("O"));
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 50'000);
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now + 10s) == 26'600);
    CHECK(bench.venue.trading_counter("alice", "ETHUSD", bench.now) == 0);
    CHECK(bench.venue.trading_counter("bob", "XBTUSD", bench.now) == 0);
}

TEST_CASE("the age brackets include their lower edge in the next one") {
    using Row = std::tuple<std::chrono::milliseconds, int, int, int>;
    const auto [age, amend, edit, cancel] = GENERATE(
        Row{0ms, 4, 7, 8},
        Row{4999ms, 4, 7, 8},
        Row{5000ms, 3, 6, 6},
        Row{10'000ms, 2, 5, 5},
        Row{15'000ms, 1, 3, 4},
        Row{45'000ms, 1, 2, 2},
        Row{90'000ms, 1, 1, 1},
        Row{300'000ms, 1, 1, 0}
    );
    CHECK(age_cost(Penalty::amend, age) == amend);
    CHECK(age_cost(Penalty::edit, age) == edit);
    CHECK(age_cost(Penalty::cancel, age) == cancel);
}

TEST_CASE("above the threshold every further transaction is refused until the counter decays") {
    Bench bench(Bench::pinned(), Tier::starter);
    std::string last;
    // One second later than the orders, so that the order limit of 60 is not what refuses.
    for (int i = 0; i < 20; ++i)
        last = bench.place(bench.limit("buy", "0.001", "20000"));
    for (int i = 0; i < 5; ++i) {
        const auto open = bench.result("OpenOrders").at("open").as_object();
        REQUIRE(bench.error("CancelOrder", {{"txid", std::string(open.begin()->key())}}).empty());
    }
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 60'000);
    CHECK(bench.place(bench.limit("buy", "0.001", "20000")) == "EOrder:Rate limit exceeded");
    CHECK(bench.error("CancelOrder", {{"txid", last}}) == "EOrder:Rate limit exceeded");
    CHECK(
        bench.error("AmendOrder", {{"txid", last}, {"order_qty", "0.002"}}) == "EOrder:Rate limit exceeded"
    );
    CHECK(
        bench.error("EditOrder", {{"txid", last}, {"pair", "XBTUSD"}, {"volume", "0.002"}}) ==
        "EOrder:Rate limit exceeded"
    );
    bench.now += 1s;
    CHECK(bench.place(bench.limit("buy", "0.001", "20000")).starts_with("O"));
}

TEST_CASE("a batch cancel that passes the threshold on its way is accepted") {
    Bench bench(Bench::pinned(), Tier::starter);
    std::string ids;
    for (int i = 0; i < 15; ++i)
        ids += (i ? "," : "") + bench.place(bench.limit("buy", "0.001", "20000"));
    CHECK(bench.text("CancelOrderBatch", {{"orders", ids}}) == R"({"count":15})");
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 135'000);
}

TEST_CASE("an order is charged even when it is refused, but not when it is only validated") {
    Bench bench;
    bench.place(bench.limit("buy", "100", "29000"));
    bench.place(bench.limit("buy", "x", "29000"));
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 2'000);
    bench.place(bench.limit("buy", "1", "29000", {{"validate", "true"}}));
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 2'000);
}

TEST_CASE("open orders of a pair are limited by tier") {
    const auto [tier, most] =
        GENERATE(table<Tier, int>({{Tier::starter, 60}, {Tier::intermediate, 80}, {Tier::pro, 225}}));
    Bench bench(Bench::pinned(), tier);
    for (int i = 0; i < most; ++i) {
        bench.now += 1s;
        REQUIRE(bench.place(bench.limit("buy", "0.001", "20000")).starts_with("O"));
    }
    bench.now += 60s;
    CHECK(bench.place(bench.limit("buy", "0.001", "20000")) == "EOrder:Orders limit exceeded");
    CHECK(bench
              .place(
                  {{"ordertype", "limit"},
                   {"type", "buy"},
                   {"volume", "1"},
                   {"pair", "ETHUSD"},
                   {"price", "100"}}
              )
              .starts_with("O"));
}

TEST_CASE("an amend that ends an order costs what a cancel costs") {
    Settings settings = Bench::pinned();
    settings.fill_slice = "0.5";
    Bench bench(settings);
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    bench.price("XXBTZUSD", "28990");
    bench.price("XXBTZUSD", "30000");
    REQUIRE(bench.order(id).at("vol_exec") == "0.50000000");
    const auto before = bench.venue.trading_counter("alice", "XBTUSD", bench.now);
    bench.text("AmendOrder", {{"txid", id}, {"order_qty", "0.4"}});
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == before + 8'000);
    CHECK(bench.status(id) == "canceled");
    CHECK(bench.venue.audit().empty());
}
