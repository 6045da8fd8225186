// Public endpoints.

#include <catch2/catch.hpp>

#include "tests/exchange/venue/market.hpp"
#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

TEST_CASE("time and status are told in Kraken's formats") {
    Bench bench;
    CHECK(bench.text("Time") == R"({"unixtime":1760000000,"rfc1123":"Thu,  9 Oct 25 08:53:20 +0000"})");
    CHECK(bench.text("SystemStatus") == R"({"status":"online","timestamp":"2025-10-09T08:53:20Z"})");
}

TEST_CASE("an asset pair is described in full, or by leverage, fees or margin alone") {
    Bench bench;
    CHECK(
        bench.text("AssetPairs", {{"pair", "XBTUSD"}})
            .starts_with(
                R"({"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","aclass_base":"currency","base":"XXBT","aclass_quote":"currency","quote":"ZUSD","lot":"unit","cost_decimals":5,"pair_decimals":1,"lot_decimals":8,"lot_multiplier":1,"leverage_buy":[2,3,4,5],"leverage_sell":[2,3,4,5],"fees":[[0,0.4],[10000,0.35])"
            )
    );
    const auto pair = bench.result("AssetPairs", {{"pair", "XBTUSD"}}).at("XXBTZUSD");
    CHECK(pair.at("ordermin") == "0.0001");
    CHECK(pair.at("tick_size") == "0.1");
    CHECK(
        bench.text("AssetPairs", {{"pair", "XBTUSD"}, {"info", "margin"}}) ==
        R"({"XXBTZUSD":{"margin_call":80,"margin_stop":40}})"
    );
    CHECK(bench.result("AssetPairs").as_object().size() > 10);
    CHECK(bench.error("AssetPairs", {{"pair", "XBTMOON"}}) == "EQuery:Unknown asset pair");
}

TEST_CASE("assets go by id, altname and common name") {
    Bench bench;
    CHECK(
        bench.text("Assets", {{"asset", "BTC,USD"}}) ==
        R"({"ZUSD":{"aclass":"currency","altname":"USD","decimals":4,"display_decimals":2,"collateral_value":1,"status":"enabled"},"XXBT":{"aclass":"currency","altname":"XBT","decimals":10,"display_decimals":5,"collateral_value":1,"status":"enabled"}})"
    );
    CHECK(bench.error("Assets", {{"asset", "MOON"}}) == "EQuery:Unknown asset");
}

TEST_CASE("the ticker has every figure, and the ask above the bid") {
    Bench bench;
    const auto ticker = bench.result("Ticker", {{"pair", "XBTUSD,ETHUSD"}});
    const auto row = ticker.at("XXBTZUSD");
    CHECK(row.at("a").at(0) == "30000.10000");
    CHECK(row.at("b").at(0) == "29999.90000");
    CHECK(row.at("c").at(0) == "30000.00000");
    for (const char* key : {"v", "p", "t", "l", "h"})
        CHECK(row.at(key).as_array().size() == 2);
    CHECK(row.at("o") == "30000.00000");
    CHECK(ticker.as_object().size() == 2);
}

TEST_CASE("candles are at most 720, the last one open") {
    Bench bench;
    const auto all = bench.result("OHLC", {{"pair", "XBTUSD"}, {"interval", "5"}});
    CHECK(all.at("XXBTZUSD").as_array().size() == 720);
    CHECK(all.at("XXBTZUSD").at(719).at(0) == 1'759'999'800);
    CHECK(all.at("last") == 1'759'999'500);
    CHECK(
        bench.result("OHLC", {{"pair", "XBTUSD"}, {"interval", "5"}, {"since", "1759999500"}})
            .at("XXBTZUSD")
            .as_array()
            .size() == 1
    );
    CHECK(
        bench.error("OHLC", {{"pair", "XBTUSD"}, {"interval", "7"}}) == "EGeneral:Invalid arguments:interval"
    );
    CHECK(bench.error("OHLC") == "EGeneral:Invalid arguments:pair");
}

TEST_CASE("the book has the asked depth and clients' orders in it") {
    Bench bench;
    bench.place(bench.limit("buy", "0.125", "30000.0"));
    const auto book = bench.result("Depth", {{"pair", "XBTUSD"}, {"count", "3"}}).at("XXBTZUSD");
    CHECK(book.at("asks").as_array().size() == 3);
    CHECK(book.at("bids").at(0).at(0) == "30000.00000");
    CHECK(book.at("bids").at(0).at(1) == "0.125");
    CHECK(bench.error("Depth", {{"pair", "XBTUSD"}, {"count", "501"}}) == "EGeneral:Invalid arguments:count");
    const auto grouped =
        bench.result("GroupedBook", {{"pair", "XBTUSD"}, {"depth", "10"}, {"grouping", "100"}});
    CHECK(grouped.at("grouping") == 100);
    CHECK(grouped.at("asks").at(0).at("price") == "30010.0");
    CHECK(
        bench.error("GroupedBook", {{"pair", "XBTUSD"}, {"depth", "11"}}) ==
        "EGeneral:Invalid arguments:depth"
    );
    CHECK(bench.result("Level3", {{"pair", "XBTUSD"}, {"depth", "10"}}).at("asks").as_array().size() == 10);
    CHECK(bench.result("PreTrade", {{"symbol", "BTC/USD"}}).at("bids").as_array().size() == 10);
}

TEST_CASE("trades continue after the cursor without gap or repetition") {
    Bench bench;
    const auto first = bench.result("Trades", {{"pair", "XBTUSD"}, {"count", "5"}});
    const auto last = std::string(first.at("last").as_string());
    const auto id = first.at("XXBTZUSD").as_array().back().at(6).as_int64();
    bench.now += 10s;
    const auto next = bench.result("Trades", {{"pair", "XBTUSD"}, {"since", last}}).at("XXBTZUSD").as_array();
    CHECK(next.size() == 10);
    CHECK(next.front().at(6) == id + 1);
    CHECK(bench.result("PostTrade", {{"symbol", "BTC/USD"}, {"count", "7"}}).at("count") == 7);
    CHECK(bench.result("Spread", {{"pair", "XBTUSD"}}).at("XXBTZUSD").as_array().size() == 200);
}

TEST_CASE("the price is a function of seed, pair and time, moves, and keeps to its tick") {
    Settings settings;
    const Market market(settings);
    Settings same;
    Settings other;
    other.seed = 2;
    const Market again(same), different(other);
    const Pair& pair = *find_pair("XBTUSD");
    const Time start(std::chrono::seconds(1'760'000'000));
    int moves = 0, differences = 0;
    for (int i = 0; i < 1000; ++i) {
        const Time time = start + std::chrono::seconds(i * 61);
        const Amount price = market.last(pair, time);
        REQUIRE(price == again.last(pair, time));
        REQUIRE(price.is_multiple_of(pair.tick));
        REQUIRE(price > Amount::of("20000"));
        REQUIRE(price < Amount::of("40000"));
        moves += price != market.last(pair, time + std::chrono::seconds(61));
        differences += price != different.last(pair, time);
    }
    CHECK(moves > 900);
    CHECK(differences > 900);
    CHECK(market.last(pair, start) == market.last(pair, start + std::chrono::milliseconds(999)));
}
