// split_object and split_array of protocol/json_text.

#include <catch2/catch.hpp>
#include <chrono>

#include "protocol/json_text.hpp"

namespace {

using namespace krakken::protocol;

}  // namespace

TEST_CASE("an object is split into raw members in their order") {
    const std::string text =
        " { \"b\" : 1.10 ,\t\"\\u0061\":\"x, }\" , \"c\":{ \"d\" : [ ] }\n, \"e\":null } ";
    const auto members = split_object(text, 32);
    REQUIRE(members);
    REQUIRE(members->size() == 4);
    CHECK(members->at(0).name == "b");
    CHECK(members->at(0).value == "1.10");
    CHECK(members->at(1).name == "a");
    CHECK(members->at(1).value == "\"x, }\"");
    CHECK(members->at(2).value == "{ \"d\" : [ ] }");
    CHECK(members->at(3).value == "null");
    // Views into the text itself.
    CHECK(members->at(0).value.data() == text.data() + text.find("1.10"));
    CHECK(find(*members, "c") == &members->at(2));
    CHECK(find(*members, "B") == nullptr);
}

TEST_CASE("an array is split into raw items") {
    const auto items = split_array(" [ 1 ,\"a,]\", [2,3] , {} ] ", 32);
    REQUIRE(items);
    CHECK(*items == std::vector<std::string_view>{"1", "\"a,]\"", "[2,3]", "{}"});
}

TEST_CASE("empty objects and arrays have no members") {
    CHECK(split_object(" { } ", 32)->empty());
    CHECK(split_array("[ ]", 32)->empty());
}

TEST_CASE("what is no object is not split as one") {
    const auto text = GENERATE(
        as<std::string>(),
        "",
        "1",
        "[]",
        "\"{}\"",
        "null",
        "{",
        "}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\" 1}",
        "{1:2}",
        "{a:1}",
        "{\"a\":1}x",
        "{\"a\":1}{}",
        "{\"a\":01}",
        "{\"a\":[}",
        "{\"\xFF\":1}"
    );
    CAPTURE(text);
    REQUIRE_FALSE(split_object(text, 32));
    CHECK(split_object(text, 32).error() == JsonFault::syntax);
}

TEST_CASE("what is no array is not split as one") {
    const auto text =
        GENERATE(as<std::string>(), "", "{}", "1", "[", "]", "[,]", "[1,]", "[1 2]", "[1]]", "[1]x", "[01]");
    CAPTURE(text);
    REQUIRE_FALSE(split_array(text, 32));
    CHECK(split_array(text, 32).error() == JsonFault::syntax);
}

TEST_CASE("members that are named twice are refused, below only where that is asked for") {
    CHECK(split_object(R"({"a":1,"a":1})", 32).error() == JsonFault::duplicate);
    CHECK(split_object(R"({"a":1,"\u0061":1})", 32).error() == JsonFault::duplicate);
    const std::string below = R"({"a":{"b":1,"b":2}})";
    CHECK(split_object(below, 32).has_value());
    CHECK(split_object(below, 32, Duplicates::refused_everywhere).error() == JsonFault::duplicate);
}

TEST_CASE("an object as large as a request may be is split without squared effort") {
    // 256 KiB of members: compared with each other it would be 5e8 comparisons, seconds of the only loop.
    std::string text = "{";
    for (int i = 0; text.size() < 256 * 1024; ++i)
        text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
    text += "}";
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(split_object(text, 32));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(1500));
}
