// Bodies: every digit is kept, and what is ambiguous is refused.

#include "tests/exchange/admission/body.hpp"

#include <catch2/catch.hpp>

using namespace exchange;
using namespace exchange::front;

TEST_CASE("body: numbers of a JSON body keep their text", "[body]") {
    const std::string number = GENERATE(
        "1",
        "-0",
        "1.10000000",
        "0.00000001",
        "1e-8",
        "1E+8",
        "888e888514",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
        "1234567890123456789012345678901234567890",
        "0.1234567890123456789012345678901234567890",
        "11111111111011E23"
    );
    const auto body = parse_json_body(R"({"nonce":)" + number + R"(,"price":)" + number + "}");
    CAPTURE(number);
    REQUIRE(body);
    CHECK(body->nonce == number);
    REQUIRE(body->params.size() == 1);
    CHECK(body->params[0].first == "price");
    CHECK(body->params[0].second.kind == Param::Kind::number);
    CHECK(body->params[0].second.text == number);
}

TEST_CASE("body: a JSON body becomes nested parameters in the client's order", "[body]") {
    const auto body = parse_json_body(
        R"( {"z":"a\u00e9\n","nonce":"17","orders":[{"type":"buy","close":{"price":"1"}},{"type":"sell"},7,null,true,[]],"a":false} )"
    );
    REQUIRE(body);
    CHECK(body->nonce == "17");
    CHECK_FALSE(body->otp);
    REQUIRE(body->params.size() == 3);
    CHECK(body->params[0].second.text == "a\xc3\xa9\n");
    CHECK(body->params[2].second.kind == Param::Kind::boolean);
    const Param& orders = body->params[1].second;
    REQUIRE(orders.kind == Param::Kind::array);
    REQUIRE(orders.items.size() == 6);
    CHECK(orders.items[0].members[1].second.members[0].second.text == "1");
    CHECK(orders.items[1].members[0].second.text == "sell");
    CHECK(orders.items[2].text == "7");
    CHECK(orders.items[3].kind == Param::Kind::null);
    CHECK(orders.items[4].text == "true");
    CHECK(orders.items[5].kind == Param::Kind::array);
}

TEST_CASE("body: a long text is taken whole", "[body]") {
    const std::string text(100000, 'x');
    const auto body = parse_json_body(R"({"nonce":"1","text":")" + text + "\"}");
    REQUIRE(body);
    CHECK(body->params[0].second.text == text);
}

TEST_CASE("body: JSON that is broken, doubtful or no object is refused", "[body]") {
    const std::string text = GENERATE(
        "",
        "[]",
        "1",
        "\"nonce\"",
        "{",
        "{\"nonce\":1,}",
        "{\"nonce\":1}x",
        "{\"nonce\":1}{}",
        "{'nonce':1}",
        "{\"nonce\":01}",
        "{\"nonce\":1,\"nonce\":2}",
        "{\"a\":{\"b\":1,\"b\":2}}",
        "{\"a\":NaN}",
        "{\"a\":\"\xff\"}",
        "{\"nonce\":1/*no*/}"
    );
    CAPTURE(text);
    CHECK_FALSE(parse_json_body(text));
}

TEST_CASE("body: deep nesting is refused, not followed", "[body]") {
    CHECK_FALSE(parse_json_body("{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}"));
}

TEST_CASE("body: form fields are decoded once", "[body]") {
    const auto body =
        parse_form("nonce=5&expiretm=%2B60&close%5Bprice%5D=1.10&text=a+b%20c&empty=&otp=x%26y&bare");
    REQUIRE(body);
    CHECK(body->nonce == "5");
    CHECK(body->otp == "x&y");
    REQUIRE(body->params.size() == 5);
    CHECK(body->params[0].second.text == "+60");
    CHECK(body->params[1].first == "close[price]");
    CHECK(body->params[1].second.text == "1.10");
    CHECK(body->params[2].second.text == "a b c");
    CHECK(body->params[3].second.text.empty());
    CHECK(body->params[4].first == "bare");
}

TEST_CASE("body: doubtful form fields are refused", "[body]") {
    const std::string text =
        GENERATE("nonce=1&nonce=2", "a=%", "a=%4", "a=%zz", "a=1&%61=2", "=1", "a=1&&b=2", "a=%+1");
    CAPTURE(text);
    CHECK_FALSE(parse_form(text));
    CHECK(parse_form("nonce=1&orders[]=a&orders[]=b"));
}

TEST_CASE("body: content types", "[body]") {
    CHECK(content_type_is_json("application/json") == true);
    CHECK(content_type_is_json("Application/JSON ; charset=utf-8") == true);
    CHECK(content_type_is_json("application/x-www-form-urlencoded; charset=utf-8") == false);
    CHECK_FALSE(content_type_is_json("text/plain"));
    CHECK_FALSE(content_type_is_json(""));
    CHECK_FALSE(content_type_is_json("application/jsonx"));
}
