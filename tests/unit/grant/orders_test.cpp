// Which orders a call would place: what is not understood for certain is refused.

#include "grant/orders.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace krakken;
using grant::Side;

namespace {

protocol::Result<std::vector<grant::OrderAsk>> read(std::string_view endpoint, std::string_view params) {
    const auto* row = protocol::find_endpoint(endpoint);
    return grant::read_orders(*row, *kraken::Parameters::parse(params, row->body));
}

// A limit order with one more member, or another value.
std::string order(std::string_view more = "") {
    return R"({"pair":"XBTUSD","type":"buy","ordertype":"limit","price":"30000.1","volume":"0.5")" +
           std::string(more) + "}";
}

bool is_understood(const std::string& params) {
    const auto orders = read("AddOrder", params);
    if (orders) return true;
    CHECK(orders.error().code == protocol::ErrorCode::forbidden);
    CHECK(orders.error().details.at("rule") == "limit:understood");
    return false;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    return text.replace(text.find(what), what.size(), with);
}

}  // namespace

TEST_CASE("a plain order is read") {
    const auto orders =
        read("AddOrder", order(R"(,"price2":"2","userref":7,"oflags":"post,fciq","leverage":"2:1")"));
    REQUIRE(orders.has_value());
    REQUIRE(orders->size() == 1);
    const auto& one = orders->front();
    CHECK(one.pair == "XBTUSD");
    CHECK(one.side == Side::buy);
    CHECK(one.type == "limit");
    CHECK(one.volume.text() == "0.5");
    REQUIRE(one.prices.size() == 2);
    CHECK(one.prices[0].text() == "30000.1");
    CHECK(one.prices_are_plain);
}

TEST_CASE("numbers and other names of a pair are read as Kraken reads them") {
    const auto orders =
        read("AddOrder", R"({"pair":"BTC/USD","type":"sell","ordertype":"market","volume":1.25000})");
    REQUIRE(orders.has_value());
    CHECK(orders->front().pair == "XBTUSD");
    CHECK(orders->front().side == Side::sell);
    CHECK(orders->front().volume.text() == "1.25");
    CHECK(orders->front().prices.empty());
}

TEST_CASE("relative prices are no plain ones") {
    for (const char* price : {"+5", "-5", "#5", "5%", "+5%", "1e5", "0x1"}) {
        const auto orders = read("AddOrder", replaced(order(), "30000.1", price));
        REQUIRE(orders.has_value());
        CHECK_FALSE(orders->front().prices_are_plain);
    }
    const auto trailing = read("AddOrder", replaced(order(), "\"limit\"", "\"trailing-stop\""));
    REQUIRE(trailing.has_value());
    CHECK_FALSE(trailing->front().prices_are_plain);
}

TEST_CASE("what could fool a limit is refused") {
    CHECK(is_understood(order()));
    for (const char* more :
         {R"(,"oflags":"viqc")",
          R"(,"oflags":"post,viqc")",
          R"(,"oflags":"VIQC")",
          R"(,"oflags":["post"])",
          R"(,"close[ordertype]":"limit","close[price]":"1")",
          R"(,"close":{"ordertype":"limit","price":"1"})",
          R"(,"asset_class":"tokenized_asset")",
          R"(,"Volume":"100")",
          R"(,"volume2":"100")",
          R"(,"leverage":["5"])",
          R"(,"new_parameter":"1")"})
        CHECK_FALSE(is_understood(order(more)));
    for (const char* volume : {"0", "0.0", "", "1e3", "-1", "+1", "1 ", "50%", "0x10"})
        CHECK_FALSE(is_understood(replaced(order(), "0.5", volume)));
    for (const char* type : {"BUY", "b", "buy ", "short"})
        CHECK_FALSE(is_understood(replaced(order(), "buy", type)));
    for (const char* type : {"settle-position", "Limit", "l", "stop-loss-profit", ""})
        CHECK_FALSE(is_understood(replaced(order(), "\"limit\"", '"' + std::string(type) + '"')));
    CHECK_FALSE(is_understood(R"({"type":"buy","ordertype":"market","volume":"1"})"));
    CHECK_FALSE(is_understood(R"({"pair":"XBTUSD","ordertype":"market","volume":"1"})"));
    CHECK_FALSE(is_understood(R"({"pair":"XBTUSD","type":"buy","volume":"1"})"));
    CHECK_FALSE(is_understood(R"({"pair":"XBTUSD","type":"buy","ordertype":"market"})"));
}

TEST_CASE("a change of an order, and a strategy, are not understood") {
    for (const char* endpoint : {"AmendOrder", "EditOrder", "AddStrategy"})
        CHECK_FALSE(read(endpoint, R"({"txid":"OABCDE-12345-FGHIJK","volume":"1"})").has_value());
}

TEST_CASE("each order of a batch is read, and each must be understood") {
    const std::string row = R"({"type":"buy","ordertype":"limit","price":"10","volume":"1"})";
    const auto batch = [](const std::string& orders, std::string_view more = "") {
        return R"({"pair":"XBTUSD","orders":[)" + orders + "]" + std::string(more) + "}";
    };
    const auto both =
        read("AddOrderBatch", batch(row + "," + replaced(row, "buy", "sell"), R"(,"deadline":"x")"));
    REQUIRE(both.has_value());
    REQUIRE(both->size() == 2);
    CHECK(both->at(0).pair == "XBTUSD");
    CHECK(both->at(1).side == Side::sell);
    const auto refused = [](const std::string& params) { return !read("AddOrderBatch", params).has_value(); };
    CHECK(refused(batch(row + R"(,{"type":"buy"})")));
    CHECK(refused(batch(replaced(row, "}", R"(,"pair":"ETHUSD"})"))));
    CHECK(refused(batch(replaced(row, "}", R"(,"close":{"ordertype":"limit"}})"))));
    CHECK(refused(batch("7")));
    CHECK(refused(batch(row, R"(,"asset_class":"x")")));
    CHECK(refused(R"({"pair":"XBTUSD","orders":"[]"})"));
    CHECK(refused(R"({"pair":"XBTUSD"})"));
    CHECK(refused(R"({"orders":[)" + row + "]}"));
}
