// kraken/parameters: what a client wrote, as the bytes that Kraken gets.

#include "kraken/parameters.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace {

using namespace krakken::kraken;
using krakken::base::BodyForm;
using krakken::base::Nonce;
using krakken::protocol::ErrorCode;

constexpr std::uint64_t golden_nonce = 1616492376594;

Parameters read(std::string_view json) {
    auto parameters = Parameters::parse(json);
    REQUIRE(parameters);
    return std::move(*parameters);
}

std::string body_of(std::string_view json) {
    return read(json).body(Nonce(golden_nonce));
}

}  // namespace

TEST_CASE("bodies are those of the published signatures") {
    struct Golden {
        std::string json;
        std::string body;
    };
    const auto [json, body] = GENERATE(
        as<Golden>(),
        Golden{"", "nonce=1616492376594"},
        Golden{"{}", "nonce=1616492376594"},
        Golden{R"({"ordertype":"limit","pair":"XBTUSD"})", "nonce=1616492376594&ordertype=limit&pair=XBTUSD"},
        Golden{
            R"({"ordertype":"limit","pair":"XBTUSD","price":37500,"type":"buy","volume":1.25})",
            "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
        },
        Golden{
            R"({"ordertype":"limit","pair":"XBTUSD","price":"37500","type":"buy","volume":"1.25",
                "expiretm":"+60","timeinforce":"GTD","close[ordertype]":"stop-loss-limit",
                "close[price]":"36000","close[price2]":35900})",
            "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25&expiretm=%2B60"
            "&timeinforce=GTD&close%5Bordertype%5D=stop-loss-limit&close%5Bprice%5D=36000"
            "&close%5Bprice2%5D=35900"
        },
        Golden{
            R"({"pair":"XBTUSD","orders":[{"ordertype":"limit","type":"buy","volume":"1.2","price":"40000"},)"
            R"({"ordertype":"limit","type":"sell","volume":"1.2","price":"42000"}]})",
            R"({"nonce":"1616492376594","pair":"XBTUSD","orders":[{"ordertype":"limit","type":"buy",)"
            R"("volume":"1.2","price":"40000"},{"ordertype":"limit","type":"sell","volume":"1.2",)"
            R"("price":"42000"}]})"
        }
    );
    CHECK(body_of(json) == body);
}

TEST_CASE("a nonce is written as it is, up to the highest") {
    CHECK(read("").body(Nonce(18446744073709551615U)) == "nonce=18446744073709551615");
}

TEST_CASE("digits reach Kraken as the client wrote them") {
    const auto digits = GENERATE(
        as<std::string>(),
        "1.10000000",
        "0.00000001",
        "1234567890123456789012345678901234567890",
        "0.1234567890123456789012345678901234567890",
        "1e-8",
        "-0",
        "-0.0",
        "18446744073709551616",
        "0"
    );
    CAPTURE(digits);
    CHECK(body_of("{\"volume\":" + digits + "}") == "nonce=1616492376594&volume=" + digits);
    CHECK(body_of("{\"volume\":\"" + digits + "\"}") == "nonce=1616492376594&volume=" + digits);
    CHECK(
        body_of("{\"volume\": " + digits + " ,\"a\":[" + digits + "]}") ==
        R"({"nonce":"1616492376594","volume":)" + digits + R"(,"a":[)" + digits + "]}"
    );
    CHECK(read("{\"since\":" + digits + "}").query() == "?since=" + digits);
}

TEST_CASE("plus and exponent are escaped, for a plus means a blank in a form") {
    CHECK(body_of(R"({"price":"+5%"})") == "nonce=1616492376594&price=%2B5%25");
    CHECK(body_of(R"({"price":1E+8})") == "nonce=1616492376594&price=1E%2B8");
}

TEST_CASE("booleans are words in a form and stay as they are in JSON") {
    CHECK(body_of(R"({"validate":true,"x":false})") == "nonce=1616492376594&validate=true&x=false");
    CHECK(body_of(R"({"validate":true,"x":{}})") == R"({"nonce":"1616492376594","validate":true,"x":{}})");
}

TEST_CASE("strings are decoded once and encoded once") {
    CHECK(body_of(R"({"a":"\u0041\n\"\\ /&=?#"})") == "nonce=1616492376594&a=A%0A%22%5C%20%2F%26%3D%3F%23");
    CHECK(body_of(R"({"a":"\u20ac"})") == "nonce=1616492376594&a=%E2%82%AC");
    CHECK(body_of("{\"\xE2\x82\xAC\":\"\"}") == "nonce=1616492376594&%E2%82%AC=");
    CHECK(body_of(R"({"a":"x\u0000y"})") == "nonce=1616492376594&a=x%00y");
    CHECK(body_of(R"({"a":"-._~aZ09"})") == "nonce=1616492376594&a=-._~aZ09");
    // In the JSON form the client's own spelling stands.
    CHECK(body_of(R"({"a\u0062":"\u0041","o":[]})") == R"({"nonce":"1616492376594","ab":"\u0041","o":[]})");
}

TEST_CASE("fields keep the client's order behind the nonce") {
    CHECK(body_of(R"({"z":1,"a":2,"m":3})") == "nonce=1616492376594&z=1&a=2&m=3");
}

TEST_CASE("the form is JSON as soon as one value is an array or object") {
    CHECK(read(R"({"a":1})").form() == BodyForm::form);
    CHECK(read(R"({"a":1,"b":[]})").form() == BodyForm::json);
    CHECK(read(R"({"b":{},"a":1})").form() == BodyForm::json);
}

TEST_CASE("an endpoint's table can ask for JSON whatever the values are") {
    using krakken::protocol::find_endpoint;
    const auto level3 =
        Parameters::parse(R"({"pair":"XBTUSD","depth":1.0e1})", find_endpoint("Level3")->body);
    CHECK(level3->form() == BodyForm::json);
    CHECK(level3->body(Nonce(1)) == R"({"nonce":"1","pair":"XBTUSD","depth":1.0e1})");
    const auto batch = Parameters::parse("", find_endpoint("AddOrderBatch")->body);
    CHECK(batch->body(Nonce(1)) == R"({"nonce":"1"})");
    const auto order = Parameters::parse(R"({"pair":"XBTUSD"})", find_endpoint("AddOrder")->body);
    CHECK(order->form() == BodyForm::form);
    const auto strategies = R"({"lock_type":["flex"]})";
    CHECK(Parameters::parse(strategies, find_endpoint("Earn/Strategies")->body)->form() == BodyForm::json);
}

TEST_CASE("what obviously switches off, and what does not") {
    for (const auto* off :
         {"null",
          "false",
          "0",
          R"("")",
          R"("0")",
          R"("false")",
          R"("False")",
          R"("none")",
          R"("NONE")",
          R"("n\u006fne")"}) {
        CAPTURE(off);
        CHECK(is_off(off));
    }
    for (const auto* on :
         {"true", "1", "0.0", "-0", "0e0", R"("true")", R"(" ")", R"("no")", R"("0:1")", "[]", "{}", "[false]"
         }) {
        CAPTURE(on);
        CHECK_FALSE(is_off(on));
    }
}

TEST_CASE("a read with a parameter that acts is not the read that may be repeated") {
    const auto& endpoint = *krakken::protocol::find_endpoint("DepositAddresses");
    const auto repeatable = [&](std::string_view json) { return as_called(endpoint, read(json)).repeatable; };
    CHECK(repeatable(""));
    CHECK(repeatable(R"({"asset":"XBT","method":"Bitcoin"})"));
    CHECK(repeatable(R"({"new":false})"));
    CHECK(repeatable(R"({"new":"false"})"));
    for (const auto* json :
         {R"({"new":true})",
          R"({"new":"true"})",
          R"({"new":1})",
          R"({"new":"yes"})",
          R"({"n\u0065w":true})",
          R"({"New":true})",
          R"({"new[]":"1"})",
          R"({"new":[true]})"}) {
        CAPTURE(json);
        CHECK_FALSE(repeatable(json));
    }
    // Where nothing acts by a parameter, the row is the table's.
    const auto& balance = *krakken::protocol::find_endpoint("Balance");
    CHECK(&as_called(balance, read(R"({"new":true})")) == &balance);
}

TEST_CASE("a public call's query carries what a form carries") {
    CHECK(
        read(R"({"asset_class":"tokenized_asset","pair":"BTC/USD"})").query() ==
        "?asset_class=tokenized_asset&pair=BTC%2FUSD"
    );
    CHECK(read(R"({"a":true,"b":false,"c":""})").query() == "?a=true&b=false&c=");
    CHECK(read(R"({"a":"+5% \u20ac&=#"})").query() == "?a=%2B5%25%20%E2%82%AC%26%3D%23");
    CHECK(read(R"({"a":["+1","x,y"]})").query() == "?a=%2B1%2Cx%2Cy");
    CHECK(read(R"({"since":"1688671969993150842"})").query() == "?since=1688671969993150842");
}

TEST_CASE("numbers inside arrays and objects are not touched") {
    const std::string orders =
        R"([{"volume":1.2000,"price": 40000.10 ,"userref":-0},{"volume":"0.00000001","x":[1E+8]}])";
    CHECK(body_of("{\"orders\":" + orders + "}") == R"({"nonce":"1616492376594","orders":)" + orders + "}");
}

TEST_CASE("fields are there to be read, by their decoded names") {
    const Parameters parameters = read(R"({"lever\u0061ge":"2:1","x":[1]})");
    REQUIRE(parameters.fields().size() == 2);
    CHECK(parameters.fields().front().name == "leverage");
    CHECK(parameters.fields().front().raw == R"("2:1")");
    CHECK(parameters.fields().back().raw == "[1]");
}

TEST_CASE("a public call's query joins arrays by commas") {
    CHECK(read("").query() == "");
    CHECK(read("{}").query() == "");
    CHECK(read(R"({"pair":"XBTUSD","count":2})").query() == "?pair=XBTUSD&count=2");
    CHECK(read(R"({"pair":["XBTUSD","ETHUSD"]})").query() == "?pair=XBTUSD%2CETHUSD");
    CHECK(read(R"({"a":[1.10,true,"x"]})").query() == "?a=1.10%2Ctrue%2Cx");
    CHECK(read(R"({"a":[]})").query() == "?a=");
    CHECK(read(R"({"a":["","x",""]})").query() == "?a=%2Cx%2C");
}

TEST_CASE("what a public call cannot carry is refused") {
    const auto json = GENERATE(
        as<std::string>(),
        R"({"a":{}})",
        R"({"a":{"b":1}})",
        R"({"a":[[]]})",
        R"({"a":[{}]})",
        R"({"a":[null]})"
    );
    CAPTURE(json);
    const auto query = read(json).query();
    REQUIRE_FALSE(query);
    CHECK(query.error().code == ErrorCode::invalid_params);
}

TEST_CASE("what params must not hold") {
    const auto json = GENERATE(
        as<std::string>(),
        R"({"nonce":1})",
        R"({"otp":"123456"})",
        R"({"\u006eonce":"1"})",
        R"({"a":null})",
        R"({"a":1,"a":2})",
        R"({"a":1,"\u0061":2})",
        R"({"a":{"b":1,"b":2}})",
        "[]",
        "null",
        "1",
        "{",
        R"({"a":01})"
    );
    CAPTURE(json);
    const auto parameters = Parameters::parse(json);
    REQUIRE_FALSE(parameters);
    CHECK(parameters.error().code == ErrorCode::invalid_params);
    CHECK(parameters.error().executed == krakken::protocol::Executed::no);
}

TEST_CASE("params may nest as deep as a request and no deeper") {
    const auto nested = [](std::size_t depth) {
        return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(Parameters::parse(nested(31)));
    CHECK_FALSE(Parameters::parse(nested(32)));
}
