#include "protocol/error.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace krakken::protocol;

// One member of the error's data, as JSON.
std::string data(const Error& error, std::string_view member) {
    const auto json = boost::json::parse(to_json(error));
    return boost::json::serialize(json.at("data").at(member));
}

}  // namespace

TEST_CASE("codes and categories are those of the contract") {
    const auto& [code, number, name] = GENERATE(table<ErrorCode, int, std::string>(
        {{ErrorCode::parse_error, -32700, "protocol"},
         {ErrorCode::invalid_request, -32600, "protocol"},
         {ErrorCode::unknown_method, -32601, "protocol"},
         {ErrorCode::invalid_params, -32602, "protocol"},
         {ErrorCode::internal, -32603, "protocol"},
         {ErrorCode::locked, -32001, "locked"},
         {ErrorCode::no_credentials, -32002, "no_credentials"},
         {ErrorCode::forbidden, -32003, "forbidden"},
         {ErrorCode::unknown_account, -32004, "unknown_account"},
         {ErrorCode::unknown_endpoint, -32005, "unknown_endpoint"},
         {ErrorCode::passphrase, -32006, "passphrase"},
         {ErrorCode::vault, -32007, "vault"},
         {ErrorCode::auth, -32010, "auth"},
         {ErrorCode::permission, -32011, "permission"},
         {ErrorCode::nonce, -32012, "nonce"},
         {ErrorCode::rate_limit, -32013, "rate_limit"},
         {ErrorCode::funds, -32014, "funds"},
         {ErrorCode::order, -32015, "order"},
         {ErrorCode::service, -32016, "service"},
         {ErrorCode::network, -32017, "network"},
         {ErrorCode::timeout, -32018, "timeout"},
         {ErrorCode::outcome_unknown, -32019, "outcome_unknown"},
         {ErrorCode::overloaded, -32020, "overloaded"},
         {ErrorCode::lockout, -32021, "lockout"},
         {ErrorCode::idempotency, -32022, "idempotency"},
         {ErrorCode::storage, -32023, "storage"},
         {ErrorCode::stopping, -32024, "stopping"}}
    ));
    CAPTURE(number);
    CHECK(static_cast<int>(code) == number);
    CHECK(category(code) == name);
    const Error error = make_error(code, "m");
    CHECK(boost::json::parse(to_json(error)).at("code").as_int64() == number);
    CHECK(data(error, "category") == '"' + name + '"');
}

TEST_CASE("a bare error has the members that every error has") {
    CHECK(
        to_json(make_error(ErrorCode::locked, "locked")) ==
        R"({"code":-32001,"message":"locked","data":{"category":"locked","executed":"no","retryable":false,"origin":"daemon"}})"
    );
}

TEST_CASE("a full error has all of them on one line") {
    Error error =
        make_error(ErrorCode::rate_limit, "slow\ndown \"please\"").with("reason", "x").with_remedy("wait");
    error.executed = Executed::no;
    error.retryable = true;
    error.origin = Origin::kraken;
    error.kraken = {"EAPI:Rate limit exceeded"};
    error.account = "master";
    error.call_id = "c-1";
    error.retry_after = std::chrono::milliseconds(1500);
    const std::string text = to_json(error);
    CHECK(text.find('\n') == std::string::npos);
    const auto json = boost::json::parse(text).as_object();
    CHECK(json.at("message").as_string() == "slow\ndown \"please\"");
    const auto expected = boost::json::parse(
        R"({"category":"rate_limit","executed":"no","retryable":true,"origin":"kraken","call_id":"c-1",
            "kraken":["EAPI:Rate limit exceeded"],"remedy":"wait","account":"master","retry_after_ms":1500,
            "reason":"x"})"
    );
    CHECK((json.at("data") == expected));
}

TEST_CASE("what may have happened is never retryable") {
    const auto& [executed, name, retryable] = GENERATE(table<Executed, std::string, bool>(
        {{Executed::no, "no", true}, {Executed::yes, "yes", false}, {Executed::unknown, "unknown", false}}
    ));
    Error error = make_error(ErrorCode::outcome_unknown, "m");
    error.executed = executed;
    error.retryable = true;
    CHECK(data(error, "executed") == '"' + name + '"');
    CHECK(data(error, "retryable") == (retryable ? "true" : "false"));
}

TEST_CASE("fail makes the error of a result") {
    const Result<int> result = fail(ErrorCode::network, "no way");
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::network);
    CHECK(result.error().message == "no way");
    CHECK(result.error().executed == Executed::no);
}
