// check_json, strings and the small helpers of protocol/json_text.

#include "protocol/json_text.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken::protocol;

struct Case {
    std::string text;
    bool good;
};

std::string nested(char open, char close, std::size_t depth) {
    return std::string(depth, open) + std::string(depth, close);
}

}  // namespace

TEST_CASE("numbers keep every digit") {
    const auto number = GENERATE(
        as<std::string>(),
        "1.10000000",
        "0.00000001",
        "1234567890123456789012345678901234567890",
        "0.1234567890123456789012345678901234567890",
        "1e-8",
        "1E+400",
        "-0",
        "-0.0",
        "18446744073709551616",
        "-9223372036854775809",
        "0"
    );
    CAPTURE(number);
    CHECK(check_json(number, 32) == number);
    CHECK(check_json(" \t\r\n" + number + " \n", 32) == number);
    const std::string object = "{\"a\": " + number + " }";
    const auto members = split_object(object, 32);
    REQUIRE(members);
    CHECK(members->at(0).value == number);
    const std::string array = "[" + number + " ,\n" + number + "]";
    const auto items = split_array(array, 32);
    REQUIRE(items);
    CHECK(*items == std::vector<std::string_view>{number, number});
}

TEST_CASE("what is JSON and what is not") {
    const auto [text, good] = GENERATE(
        as<Case>(),
        Case{"null", true},
        Case{"true", true},
        Case{"false", true},
        Case{R"("")", true},
        Case{R"("\u20ac\ud83d\ude00\"\\\/\b\f\n\r\t")", true},
        Case{"\"\xE2\x82\xAC\"", true},
        Case{"[]", true},
        Case{"{}", true},
        Case{" [ 1 , { \"a\" : [ ] } ] ", true},
        Case{"", false},
        Case{"   ", false},
        Case{"nul", false},
        Case{"True", false},
        Case{"01", false},
        Case{"+1", false},
        Case{"1.", false},
        Case{".5", false},
        Case{"1e", false},
        Case{"-", false},
        Case{"NaN", false},
        Case{"Infinity", false},
        Case{"0x10", false},
        Case{"'a'", false},
        Case{"\"a", false},
        Case{"\"a\nb\"", false},
        Case{std::string("\"a\0b\"", 5), false},
        Case{R"("\x41")", false},
        Case{R"("\ud83d")", false},
        Case{R"("\u12")", false},
        Case{"[1,]", false},
        Case{"[1", false},
        Case{"[,]", false},
        Case{"{\"a\":1,}", false},
        Case{"{\"a\"}", false},
        Case{"{a:1}", false},
        Case{"{1:1}", false},
        Case{"1 2", false},
        Case{"{} {}", false},
        Case{"[] x", false},
        Case{"// c\n1", false},
        Case{"\xEF\xBB\xBF{}", false},
        Case{"\"\xFF\"", false},
        Case{"\"\xC0\x80\"", false},
        Case{"\"\xED\xA0\x80\"", false},
        Case{"\"\xF4\x90\x80\x80\"", false},
        Case{"\"\xE2\x82\"", false}
    );
    CAPTURE(text);
    CHECK(check_json(text, 32).has_value() == good);
    if (!good) CHECK(check_json(text, 32).error() == JsonFault::syntax);
}

TEST_CASE("depth is bounded exactly") {
    for (const auto& [open, close] : {std::pair{'[', ']'}}) {
        CHECK(check_json(nested(open, close, 32), 32).has_value());
        REQUIRE_FALSE(check_json(nested(open, close, 33), 32).has_value());
        CHECK(check_json(nested(open, close, 33), 32).error() == JsonFault::too_deep);
    }
    std::string objects = "1";
    for (int i = 0; i < 32; ++i)
        objects = "{\"a\":" + objects + "}";
    CHECK(check_json(objects, 32).has_value());
    CHECK(check_json("[" + objects + "]", 32).error() == JsonFault::too_deep);
    // Splitting counts the level that it takes off.
    CHECK(split_array(nested('[', ']', 32), 32).has_value());
    CHECK(split_array(nested('[', ']', 33), 32).error() == JsonFault::too_deep);
    CHECK(split_object(objects, 32).has_value());
    CHECK(split_object("{\"b\":" + objects + "}", 32).error() == JsonFault::too_deep);
    // A million brackets cost no stack.
    CHECK(check_json(std::string(1'000'000, '['), 128).error() == JsonFault::too_deep);
}

TEST_CASE("duplicates are found at any depth where that is asked for") {
    const auto text = GENERATE(
        as<std::string>(),
        R"({"a":1,"a":2})",
        R"({"a":1,"\u0061":2})",
        R"([{"b":{"a":1,"c":0,"a":1}}])",
        R"({"x":[1,{"":1,"":2}]})"
    );
    CAPTURE(text);
    CHECK(check_json(text, 32, Duplicates::refused_everywhere).error() == JsonFault::duplicate);
    CHECK(check_json(text, 32).has_value());
}

TEST_CASE("equal names in different objects are no duplicates") {
    const std::string text = R"([{"a":1},{"a":{"a":2,"A":3}}])";
    CHECK(check_json(text, 32, Duplicates::refused_everywhere) == text);
}

TEST_CASE("kinds") {
    const auto& [text, kind] = GENERATE(table<std::string, JsonKind>(
        {{"null", JsonKind::null},
         {"true", JsonKind::boolean},
         {"false", JsonKind::boolean},
         {"-1", JsonKind::number},
         {"7e1", JsonKind::number},
         {"\"x\"", JsonKind::string},
         {"[]", JsonKind::array},
         {"{}", JsonKind::object}}
    ));
    CAPTURE(text);
    CHECK(kind_of(text) == kind);
}

TEST_CASE("strings are decoded as JSON means them") {
    const auto& [raw, text] = GENERATE(table<std::string, std::string>(
        {{R"("")", ""},
         {R"("plain")", "plain"},
         {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
         {R"("\u0041\u00e9\u20ac")", "A\xC3\xA9\xE2\x82\xAC"},
         {R"("\ud83d\ude00")", "\xF0\x9F\x98\x80"},
         {R"("a\u0000b")", std::string("a\0b", 3)}}
    ));
    CAPTURE(raw);
    CHECK(decode_string(raw) == text);
    std::string pieces;
    decode_string(raw, [&](std::string_view piece) { pieces += piece; });
    CHECK(pieces == text);
}

TEST_CASE("long strings are decoded whole") {
    std::string text;
    for (int i = 0; i < 20'000; ++i)
        text += "ab\n";
    CHECK(decode_string(quote(text)) == text);
}

TEST_CASE("what is quoted decodes to itself on one line") {
    std::string all;
    for (int byte = 0; byte < 128; ++byte)
        all += static_cast<char>(byte);
    const std::string quoted = quote(all + "\xE2\x82\xAC");
    CHECK(quoted.find_first_of("\r\n") == std::string::npos);
    CHECK(check_json(quoted, 1).has_value());
    CHECK(decode_string(quoted) == all + "\xE2\x82\xAC");
}

TEST_CASE("line breaks between tokens become spaces and nothing else changes") {
    std::string json = "{\r\n \"a\\n\": [1.10,\n2]\n}";
    make_one_line(json);
    CHECK(json == "{   \"a\\n\": [1.10, 2] }");
}

TEST_CASE("UTF-8") {
    const auto [text, good] = GENERATE(
        as<Case>(),
        Case{"", true},
        Case{"plain", true},
        Case{std::string("\0", 1), true},
        Case{"\xC2\x80\xDF\xBF", true},
        Case{"\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", true},
        Case{"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", true},
        Case{"\x80", false},
        Case{"\xC1\xBF", false},
        Case{"\xC2", false},
        Case{"\xE0\x9F\xBF", false},
        Case{"\xED\xA0\x80", false},
        Case{"\xF0\x8F\xBF\xBF", false},
        Case{"\xF4\x90\x80\x80", false},
        Case{"\xF5\x80\x80\x80", false},
        Case{"a\xFE", false}
    );
    CAPTURE(text);
    CHECK(is_utf8(text) == good);
}
