// How orders live: acceptance, fills, holds, ends.

#include <catch2/catch.hpp>

#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

TEST_CASE("a limit order away from the market rests, holds its cost and fee, and shows as Kraken shows it") {
    Bench bench;
    const auto answer = bench.text("AddOrder", bench.limit("buy", "1.25", "27500"));
    CHECK(answer.starts_with(R"({"descr":{"order":"buy 1.25000000 XBTUSD @ limit 27500.0"},"txid":["O)"));
    const auto open = bench.result("OpenOrders").at("open").as_object();
    REQUIRE(open.size() == 1);
    const auto& order = open.begin()->value();
    CHECK(order.at("status") == "open");
    CHECK(order.at("vol") == "1.25000000");
    CHECK(order.at("descr").at("price") == "27500.0");
    CHECK(order.at("userref") == 0);
    CHECK(order.at("cl_ord_id").is_null());
    // 34375 and 0.4 % of it.
    CHECK(bench.held("ZUSD") == "34512.5000");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a market buy is filled at once at the ask with the taker fee") {
    Bench bench;
    const auto id = bench.place(bench.market("buy", "1"));
    CHECK(bench.status(id) == "closed");
    CHECK(bench.balance("XXBT") == "11.0000000000");
    // 30000.1 and 0.4 %.
    CHECK(bench.balance("ZUSD") == "69879.8996");
    CHECK(bench.held("ZUSD") == "0.0000");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a sale pays its fee in base, and out of the proceeds when all is sold") {
    Bench bench;
    bench.place(bench.market("sell", "1"));
    CHECK(bench.balance("XXBT") == "8.9960000000");
    CHECK(bench.balance("ZUSD") == "129999.9000");
    const auto id = bench.place(bench.market("sell", "8.996"));
    CHECK(bench.balance("XXBT") == "0.0000000000");
    CHECK(bench.order(id).at("oflags") == "fciq");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a crossing limit order fills at the better price of the market") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "31000"));
    CHECK(bench.status(id) == "closed");
    CHECK(bench.order(id).at("price") == "30000.1");
}

TEST_CASE("a resting order fills as maker at its own price when the price passes") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    bench.price("XXBTZUSD", "28900");
    CHECK(bench.status(id) == "closed");
    CHECK(bench.order(id).at("price") == "29000.0");
    CHECK(bench.order(id).at("fee") == "72.50000");
    const auto trades = bench.result("TradesHistory").at("trades").as_object();
    REQUIRE(trades.size() == 1);
    CHECK(trades.begin()->value().at("maker") == true);
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("an order beyond the free balance is refused and changes nothing") {
    Bench bench;
    CHECK(bench.place(bench.limit("buy", "4", "29000")) == "EOrder:Insufficient funds");
    CHECK(bench.place(bench.market("buy", "4")) == "EOrder:Insufficient funds");
    CHECK(bench.place(bench.limit("sell", "10.1", "31000")) == "EOrder:Insufficient funds");
    CHECK(bench.venue.orders_executed("alice") == 0);
    CHECK(bench.held("ZUSD") == "0.0000");
}

TEST_CASE("a cancel gives the hold back") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    CHECK(bench.text("CancelOrder", {{"txid", id}}) == R"({"count":1})");
    CHECK(bench.held("ZUSD") == "0.0000");
    CHECK(bench.order(id).at("reason") == "User requested");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("two clients' orders meet inside the spread at the resting one's price") {
    Bench bench;
    const auto mine = bench.place(bench.limit("buy", "1", "30000.0"));
    CHECK(bench.status(mine) == "open");
    bench.as("bob");
    const auto his = bench.place(bench.limit("sell", "0.4", "29900"));
    CHECK(bench.order(his).at("price") == "30000.0");
    bench.as("alice");
    CHECK(bench.order(mine).at("vol_exec") == "0.40000000");
    CHECK(bench.status(mine) == "open");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("an order of another account can neither be seen nor canceled") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    bench.as("bob");
    CHECK(bench.error("CancelOrder", {{"txid", id}}) == "EOrder:Unknown order");
    CHECK(bench.error("QueryOrders", {{"txid", id}}) == "EOrder:Invalid order");
    CHECK(bench.error("AmendOrder", {{"txid", id}, {"order_qty", "2"}}) == "EOrder:Unknown order");
}

TEST_CASE("what is held covers every sequence of part fills, to the last place") {
    const auto slice = GENERATE(as<std::string>(), "0.00370037", "0.01234567", "0.0999999", "0.00000007");
    CAPTURE(slice);
    Settings settings = Bench::pinned();
    settings.fill_slice = slice;
    Bench bench(settings);
    // Exactly what the order needs: 1000.03339 raised to 1000.0334 of cost, and 0.4 % of that raised
    // to 4.0002.
    bench.venue.add_account("carol", Tier::intermediate, {{"ZUSD", "1004.0336"}});
    bench.as("carol");
    CHECK(bench.place(bench.limit("buy", "0.03448392", "29000")) == "EOrder:Insufficient funds");
    const auto id = bench.place(bench.limit("buy", "0.03448391", "29000"));
    REQUIRE(id.starts_with("O"));
    CHECK(bench.held("ZUSD") == "1004.0336");
    for (int i = 0; i < 12; ++i) {
        bench.price("XXBTZUSD", "28990");
        REQUIRE(bench.venue.audit() == std::vector<std::string>{});
    }
}
