// account/trading_counter, order_ages: what changes of orders cost, with Kraken's published examples.

#include "account/trading_counter.hpp"

#include "account/order_ages.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using namespace std::chrono_literals;
using account::cost_of_change;
using account::Elapsed;
using account::OrderAges;
using account::OrderChange;
using account::OrderName;
using account::Thousandths;
using Kind = OrderName::Kind;

}  // namespace

TEST_CASE("a change costs by the age of its order, the lower edge of a bracket included") {
    const auto [age, amend, edit, cancel] = GENERATE(table<Elapsed, Thousandths, Thousandths, Thousandths>({
        {0ms, 4, 7, 8},
        {4999ms, 4, 7, 8},
        {5s, 3, 6, 6},
        {10s, 2, 5, 5},
        {15s, 1, 3, 4},
        {45s, 1, 2, 2},
        {90s, 1, 1, 1},
        {299'999'999us, 1, 1, 1},
        {300s, 1, 1, 0},
        {std::chrono::hours(9000), 1, 1, 0},
    }));
    CAPTURE(age.count());
    CHECK(cost_of_change(OrderChange::amend, age) == amend * 1000);
    CHECK(cost_of_change(OrderChange::edit, age) == edit * 1000);
    CHECK(cost_of_change(OrderChange::cancel, age) == cancel * 1000);
}

TEST_CASE("new orders cost a point each, in a batch half of it") {
    CHECK(account::cost_of_new_orders(1, false) == 1000);
    CHECK(account::cost_of_new_orders(15, true) == 7500);
}

TEST_CASE("Kraken's examples: 8 points of an order's life, and 26.6 after fifty orders and ten seconds") {
    CHECK(1000 + cost_of_change(OrderChange::amend, 7s) + cost_of_change(OrderChange::cancel, 36s) == 8000);
    account::TradingCounters counters(base::Tier::intermediate);
    counters.of("XBTUSD", 1h).reserve(50'000);
    counters.of("XBTUSD", 1h).sent(50'000, 1h);
    CHECK(counters.find("XBTUSD")->used(1h + 10s) == 26'600);
    CHECK(counters.find("ETHUSD") == nullptr);
}

TEST_CASE("counters of pairs that are not traded any more are forgotten, others stay") {
    account::TradingCounters counters(base::Tier::pro);
    counters.of("XBTUSD", 1h).reserve(1000);
    for (int pair = 0; pair < 5000; ++pair)
        counters.of("P" + std::to_string(pair), 1h);
    CHECK(counters.all().size() <= 1000);
    REQUIRE(counters.find("XBTUSD"));
    CHECK(counters.find("XBTUSD")->used(1h) == 1000);
}

TEST_CASE("an order is found by each of its names") {
    OrderAges ages(1h);
    ages.remember({"OA", "mine", "7", "XBTUSD", 1h + 1s});
    ages.remember({"OB", "", "7", "ETHUSD", 1h + 2s});
    CHECK(ages.find({Kind::txid, "OA"}).front().pair == "XBTUSD");
    CHECK(ages.find({Kind::cl_ord_id, "mine"}).front().txid == "OA");
    CHECK(ages.find({Kind::userref, "7"}).size() == 2);
    CHECK(ages.find({Kind::txid, "OC"}).empty());
}

TEST_CASE("an order that is remembered again has its new age") {
    OrderAges ages(1h);
    ages.remember({"OA", "", "", "XBTUSD", 1h + 1s});
    ages.remember({"OB", "", "", "XBTUSD", 1h + 2s});
    ages.remember({"OA", "", "", "XBTUSD", 1h + 3s});
    CHECK(ages.find({Kind::txid, "OA"}).front().changed == 1h + 3s);
    CHECK(ages.size() == 2);
}

TEST_CASE("memory is bounded; what is forgotten is at least as old as the newest that was") {
    OrderAges ages(1h);
    for (int order = 0; order < 2'005; ++order)
        ages.remember({"O" + std::to_string(order), "", "", "XBTUSD", 1h + std::chrono::seconds(order)});
    CHECK(ages.size() == 2'000);
    CHECK(ages.find({Kind::txid, "O4"}).empty());
    CHECK_FALSE(ages.find({Kind::txid, "O5"}).empty());
    CHECK(ages.unknown_before() == 1h + 4s);
    ages.lose_track(3h + 59min);
    CHECK(ages.unknown_before() == 3h + 59min);
}
