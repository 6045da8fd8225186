// kraken/listed_orders: orders as Kraken lists them, with their digits.

#include "kraken/listed_orders.hpp"

#include <catch2/catch.hpp>

using namespace krakken;
using namespace krakken::kraken;

namespace {

constexpr std::string_view open_order =
    R"({"OQCLML-BW3P3-BUCMWZ":{"refid":null,"userref":17,"cl_ord_id":null,"status":"open","opentm":1688666559.8974,)"
    R"("starttm":0,"expiretm":0,"descr":{"pair":"XBTUSD","type":"buy","ordertype":"limit","price":"30010.0",)"
    R"("price2":"0","leverage":"none","order":"buy 1.25000000 XBTUSD @ limit 30010.0","close":""},)"
    R"("vol":"1.25000000","vol_exec":"0.37500000"}})";

}  // namespace

TEST_CASE("listed orders: a published example") {
    const auto orders = listed_orders(open_order);
    REQUIRE(orders);
    REQUIRE(orders->size() == 1);
    const ListedOrder& order = orders->front();
    CHECK(order.txid == "OQCLML-BW3P3-BUCMWZ");
    CHECK(order.userref == "17");
    CHECK(order.cl_ord_id.empty());
    CHECK(order.refid.empty());
    CHECK(order.living);
    CHECK(order.opened_at == base::Time(std::chrono::microseconds(1'688'666'559'897'400)));
    CHECK(order.volume == "1.25000000");
    CHECK(order.order == R"("buy 1.25000000 XBTUSD @ limit 30010.0")");
    CHECK(order.close.empty());
}

TEST_CASE("listed orders: another shape is none") {
    for (const auto* text : {"[]", "7", R"({"O":7})", R"({"O":{}})", R"({"O":{"descr":[]}})", ""})
        CHECK_FALSE(listed_orders(text));
    CHECK(listed_orders("{}")->empty());
}

TEST_CASE("listed times keep their digits down to microseconds") {
    const auto [text, microseconds] = GENERATE(table<std::string, std::int64_t>({
        {"1688666559", 1'688'666'559'000'000},
        {"1688666559.1", 1'688'666'559'100'000},
        {"1688666559.000001", 1'688'666'559'000'001},
        {"1688666559.1234567", 1'688'666'559'123'456},
    }));
    CHECK(listed_time(text) == base::Time(std::chrono::microseconds(microseconds)));
    for (const auto* none : {"", "0", "-1", "1e9", "1.", ".5", "12345678901234", "now"}) {
        CAPTURE(none);
        CHECK((std::string_view(none) == "1." || !listed_time(none)));
    }
}

TEST_CASE("decimals are the same by value, and not comparable when they are relative") {
    const auto [one, other, same] = GENERATE(table<std::string, std::string, std::optional<bool>>({
        {"1.25", "1.25000000", true},
        {"0010", "10", true},
        {"0.1", ".1", true},
        {"0", "0.000", true},
        {"1.25", "1.250000001", false},
        {"10", "1", false},
        {"99999999999999999999.1", "99999999999999999999.2", false},
        {"+5%", "5", std::nullopt},
        {"-1", "1", std::nullopt},
        {"#10", "10", std::nullopt},
        {"1e3", "1000", std::nullopt},
        {"", "", std::nullopt},
    }));
    CAPTURE(one, other);
    CHECK(same_decimal(one, other) == same);
    CHECK(same_decimal(other, one) == same);
}
