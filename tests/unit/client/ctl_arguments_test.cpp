#include <catch2/catch.hpp>

#include "client/ctl/arguments.hpp"

namespace {

using krakken::ctl::to_params;
using krakken::ctl::UsageError;
using Arguments = std::vector<std::string>;

}  // namespace

TEST_CASE("arguments become parameters with the digits as they were typed") {
    const auto& [arguments, params] = GENERATE(table<Arguments, std::string>(
        {{{}, ""},
         {{"pair=XBTUSD"}, R"({"pair":"XBTUSD"})"},
         {{"volume=1.10000000", "price:=0.00000001"}, R"({"volume":"1.10000000","price":0.00000001})"},
         {{"n:=1234567890123456789012345678901234567890"}, R"({"n":1234567890123456789012345678901234567890})"
         },
         {{"a:=1e-8", "b:=-0"}, R"({"a":1e-8,"b":-0})"},
         {{"a:= [1, {\"b\":1.10}] "}, R"({"a":[1, {"b":1.10}]})"},
         {{"validate:=true", "x:=null"}, R"({"validate":true,"x":null})"},
         {{"empty="}, R"({"empty":""})"},
         {{"a=b=c"}, R"({"a":"b=c"})"},
         {{"a=:=1"}, R"({"a":":=1"})"},
         {{"text=say \"hi\" \\ \n"}, R"({"text":"say \"hi\" \\ \n"})"},
         {{"close[ordertype]=limit"}, R"({"close[ordertype]":"limit"})"},
         {{"k\"ey=1"}, R"({"k\"ey":"1"})"}}
    ));
    CHECK(to_params(arguments) == params);
}

TEST_CASE("arguments that mean nothing are refused with a sentence that names them") {
    const auto& [arguments, named] = GENERATE(table<Arguments, std::string>(
        {{{"XBTUSD"}, "XBTUSD"},
         {{"=1"}, "=1"},
         {{":=1"}, ":=1"},
         {{"a:="}, "a"},
         {{"a:=01"}, "a"},
         {{"a:=XBTUSD"}, "a"},
         {{"a:=1,\"b\":2"}, "a"},
         {{"a:={\"b\":1"}, "a"},
         {{"twice=1", "twice=2"}, "twice"},
         {{"twice=1", "twice:=2"}, "twice"},
         {{"bytes=\xFF"}, "bytes"},
         {{"\xFF=1"}, "UTF-8"}}
    ));
    CHECK_THROWS_AS(to_params(arguments), UsageError);
    CHECK_THROWS_WITH(to_params(arguments), Catch::Contains(named));
}

TEST_CASE("JSON that is too deep for a request is refused here") {
    const std::string deep = std::string(30, '[') + std::string(30, ']');
    CHECK(to_params({"a:=" + deep}) == "{\"a\":" + deep + "}");
    CHECK_THROWS_AS(to_params({"a:=[" + deep + "]"}), UsageError);
}
