// kraken/pair_name: every way of writing a pair becomes the same name, and no two pairs do.

#include "kraken/pair_name.hpp"

#include <catch2/catch.hpp>

using krakken::kraken::canonical_pair;

TEST_CASE("every way of writing a pair becomes its short name") {
    const auto [written, name] = GENERATE(table<std::string, std::string>({
        {"XXBTZUSD", "XBTUSD"},    {"XBTUSD", "XBTUSD"},  {"XBT/USD", "XBTUSD"},   {"BTC/USD", "XBTUSD"},
        {"BTCUSD", "XBTUSD"},      {"btc/usd", "XBTUSD"}, {"XXBT/ZUSD", "XBTUSD"}, {"XETHXXBT", "ETHXBT"},
        {"ETH/BTC", "ETHXBT"},     {"ETHXBT", "ETHXBT"},  {"XXDGXXBT", "XDGXBT"},  {"DOGE/BTC", "XDGXBT"},
        {"DOGEUSD", "XDGUSD"},     {"XDG/USD", "XDGUSD"}, {"USDTZUSD", "USDTUSD"}, {"USDT/USD", "USDTUSD"},
        {"ZEURZUSD", "EURUSD"},    {"EUR/USD", "EURUSD"}, {"BTC/USDT", "XBTUSDT"}, {"SOLUSD", "SOLUSD"},
        {"1INCH/USD", "1INCHUSD"},
    }));
    CAPTURE(written);
    CHECK(canonical_pair(written) == name);
    CHECK(canonical_pair(name) == name);
}

TEST_CASE("assets that only look like old ids, or hold a known name, keep theirs") {
    const auto name = GENERATE(
        as<std::string>(), "ZEUSUSDT", "XTZUSD", "XRPLZUSD", "ZEREBUSD", "WBTCXBT", "WBTCUSD", "XDGXBT", ""
    );
    CAPTURE(name);
    CHECK(canonical_pair(name) == name);
}
