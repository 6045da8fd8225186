// What an order may cost at most: not fooled by the price that its caller says.

#include "grant/notional.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace krakken;

namespace {

const grant::Market market{"USD", grant::Decimal::parse("30000").value()};

// "" where nobody can tell.
std::string worth(
    const std::string& side, const std::string& type, const std::string& volume, const std::string& more = ""
) {
    const std::string params = R"({"pair":"XBTUSD","type":")" + side + R"(","ordertype":")" + type +
                               R"(","volume":")" + volume + "\"" + more + "}";
    const auto orders =
        grant::read_orders(*protocol::find_endpoint("AddOrder"), *kraken::Parameters::parse(params));
    REQUIRE(orders.has_value());
    const auto value = grant::notional(orders->front(), market);
    if (value) return value->text();
    CHECK(value.error().details.at("rule") == "limit:understood");
    return "";
}

std::string price(const std::string& text) {
    return R"(,"price":")" + text + "\"";
}

}  // namespace

TEST_CASE("an order is worth what it may cost or bring at most") {
    struct Row {
        const char* side;
        const char* type;
        const char* volume;
        std::string more;
        const char* worth;
    };
    const auto row = GENERATE(
        as<Row>(),
        // What a purchase with a limit costs at most is its limit.
        Row{"buy", "limit", "0.5", price("10000"), "5000"},
        Row{"buy", "limit", "0.5", price("90000"), "45000"},
        Row{"buy", "iceberg", "0.5", price("10000.50"), "5000.25"},
        // A price that is nothing, or not there, is none.
        Row{"buy", "limit", "0.5", price("0"), "15000"},
        Row{"buy", "limit", "0.5", "", "15000"},
        // At the market a price says nothing, and a low one least of all.
        Row{"buy", "market", "0.5", "", "15000"},
        Row{"buy", "market", "0.5", price("1"), "15000"},
        Row{"buy", "market", "0.5", price("0.00000001"), "15000"},
        // A sale below the market brings the market's price.
        Row{"sell", "limit", "0.5", price("1"), "15000"},
        Row{"sell", "limit", "0.5", price("40000"), "20000"},
        Row{"sell", "market", "0.5", "", "15000"},
        // Triggers: what is bought or sold then may be at either price.
        Row{"buy", "stop-loss", "0.5", price("40000"), "20000"},
        Row{"buy", "stop-loss", "0.5", price("1"), "15000"},
        Row{"sell", "take-profit", "0.5", price("1"), "15000"},
        Row{"buy", "stop-loss-limit", "0.5", price("1") + R"(,"price2":"50000")", "25000"},
        Row{"sell", "take-profit-limit", "0.5", price("1") + R"(,"price2":"2")", "15000"},
        // Two prices of a limit order: not the lower one.
        Row{"buy", "limit", "0.5", price("1") + R"(,"price2":"50000")", "25000"},
        // Margin does not make it less.
        Row{"buy", "limit", "0.5", price("10000") + R"(,"leverage":"5:1")", "5000"},
        // A part that is shown is not the whole.
        Row{"buy", "iceberg", "0.5", price("10000") + R"(,"displayvol":"0.01")", "5000"},
        // Nothing is rounded.
        Row{"buy", "limit", "0.33333333", price("0.00000003"), "0.0000000099999999"},
        // Relative to what the market says when it comes: nobody can tell.
        Row{"buy", "limit", "0.5", price("+5"), ""},
        Row{"buy", "limit", "0.5", price("-50%"), ""},
        Row{"sell", "limit", "0.5", price("#10"), ""},
        Row{"buy", "limit", "0.5", price("1e5"), ""},
        Row{"buy", "trailing-stop", "0.5", price("1"), ""},
        Row{"sell", "trailing-stop-limit", "0.5", price("1") + R"(,"price2":"-1")", ""},
        Row{"buy", "market", "0.5", price("+5"), ""}
    );
    CAPTURE(row.side, row.type, row.volume, row.more);
    CHECK(worth(row.side, row.type, row.volume, row.more) == row.worth);
}
