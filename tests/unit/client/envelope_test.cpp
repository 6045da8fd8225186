#include "client/envelope.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken::client;
using krakken::protocol::Executed;

}  // namespace

TEST_CASE("replies are told from what is none") {
    const auto& [line, good] = GENERATE(table<std::string, bool>(
        {{R"({"jsonrpc":"2.0","id":1,"result":null})", true},
         {R"({"id":1,"jsonrpc":"2.0","error":{"code":-1,"message":"m"}})", true},
         {R"({"jsonrpc":"2.0","id":null,"error":{}})", true},
         {R"({"jsonrpc":"2.0","id":18446744073709551615,"result":1})", true},
         {R"({"jsonrpc":"2.0","id":18446744073709551616,"result":1})", false},
         {R"({"jsonrpc":"2.0","id":"1","result":1})", false},
         {R"({"jsonrpc":"2.0","id":1.0,"result":1})", false},
         {R"({"jsonrpc":"2.0","result":1})", false},
         {R"({"jsonrpc":"2.0","id":1})", false},
         {R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})", false},
         {R"([{"jsonrpc":"2.0","id":1,"result":1}])", false},
         {"HTTP/1.1 400 Bad Request", false},
         {"", false}}
    ));
    CAPTURE(line);
    CHECK(read_reply(line).has_value() == good);
}

TEST_CASE("the result is a view of the same bytes") {
    const std::string line = R"({"jsonrpc":"2.0","id":3,"result": { "a" : 1.10 } })";
    const auto read = read_reply(line);
    REQUIRE(read);
    CHECK(read->id == 3U);
    CHECK(read->result == std::string_view(R"({ "a" : 1.10 })"));
}

TEST_CASE("an error that does not say what was done leaves it open") {
    const auto& [error, executed, retryable] = GENERATE(table<std::string, Executed, bool>(
        {{R"({"code":-32013,"message":"m","data":{"executed":"no","retryable":true}})", Executed::no, true},
         {R"({"code":-32013,"message":"m","data":{"executed":"no","retryable":false}})", Executed::no, false},
         {R"({"code":-32019,"message":"m","data":{"executed":"unknown","retryable":true}})",
          Executed::unknown,
          false},
         {R"({"code":-32019,"message":"m","data":{"executed":"yes","retryable":true}})", Executed::yes, false
         },
         {R"({"code":-32019,"message":"m","data":{"executed":"maybe"}})", Executed::unknown, false},
         {R"({"code":-32019,"message":"m","data":{}})", Executed::unknown, false},
         {R"({"code":-32019,"message":"m","data":7})", Executed::unknown, false},
         {R"({"code":-32019,"message":"m"})", Executed::unknown, false},
         {R"("text")", Executed::unknown, false}}
    ));
    CAPTURE(error);
    const Failure failure = read_failure(error);
    CHECK(failure.executed == executed);
    CHECK(failure.retryable == retryable);
    CHECK(failure.json == error);
}

TEST_CASE("which requests act") {
    const auto& [method, params, acting] = GENERATE(table<std::string, std::string, bool>(
        {{"ping", "{}", false},
         {"status", "{}", false},
         {"account.list", "{}", false},
         {"wait", "{}", false},
         {"unlock", "{}", true},
         {"account.add", "{}", true},
         {"shutdown", "{}", true},
         {"of.tomorrow", "{}", true},
         {"call", R"({"endpoint":"Balance"})", false},
         {"call", R"({"endpoint":"Bal\u0061nce"})", false},
         {"call", R"({"endpoint":"AddOrder"})", true},
         {"call", R"({"endpoint":"CancelAll"})", true},
         {"call", R"({"endpoint":"GetWebSocketsToken"})", true},
         {"call", R"({"endpoint":7})", true},
         {"call", "{}", true}}
    ));
    CAPTURE(method, params);
    CHECK(acts(method, params) == acting);
}

TEST_CASE("failures of this library have the shape of the daemon's") {
    CHECK(
        make_failure(FailureKind::untrusted, "who \"is\" that", "look").json ==
        R"({"code":0,"message":"who \"is\" that","data":{"category":"untrusted","executed":"no","retryable":false,)"
        R"("origin":"client","remedy":"look"}})"
    );
    CHECK(
        make_failure(FailureKind::lost, "gone", "", Executed::unknown).json ==
        R"({"code":-32019,"message":"gone","data":{"category":"outcome_unknown","executed":"unknown",)"
        R"("retryable":false,"origin":"client"}})"
    );
}
