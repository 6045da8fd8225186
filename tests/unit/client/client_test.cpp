#include "client/client.hpp"

#include <catch2/catch.hpp>

#include "fake_daemon.hpp"

namespace {

using namespace krakken::client;
using namespace krakken::test;
using namespace std::chrono_literals;
using krakken::protocol::Executed;

Client connected(const FakeDaemon& daemon) {
    auto client = Client::connect(daemon.sockets());
    REQUIRE(client);
    return std::move(*client);
}

}  // namespace

TEST_CASE("the result is handed on byte for byte") {
    const std::string result = GENERATE(
        as<std::string>(),
        R"({"ZUSD":"171288.6158","n":1.10000000,"big":12345678901234567890123456789012345678901,"e":1e-8,"z":-0})",
        R"([ 1 , "a\u0041" ])",
        "\"pong\"",
        "true",
        "null"
    );
    const auto piece = GENERATE(std::size_t{1}, std::size_t{1} << 20);
    FakeDaemon daemon([&](const std::string& line) { return reply(line, result); }, piece);
    Client client = connected(daemon);
    CHECK(client.request("ping") == result);
    CHECK(client.request("ping") == result);
    CHECK(daemon.connections() == 1);
}

TEST_CASE("a large result arrives whole") {
    const std::string result = "\"" + std::string(5'000'000, 'x') + "\"";
    FakeDaemon daemon([&](const std::string& line) { return reply(line, result); }, 100'000);
    Client client = connected(daemon);
    const auto got = client.request("ping");
    REQUIRE(got);
    CHECK((*got == result));
}

TEST_CASE("a request is one line with the digits as they were given") {
    FakeDaemon daemon([](const std::string& line) { return reply(line, "{}"); });
    Client client = connected(daemon);
    CallOptions options;
    options.account = "bot\"1";
    options.timeout = 5s;
    options.max_wait = 0ms;
    REQUIRE(client.call("AddOrder", "{\"volume\":1.10000000,\n\"price\":\"1e-8\"}", options));
    CHECK(
        daemon.lines() ==
        std::vector<std::string>{
            R"({"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"AddOrder","account":"bot\"1",)"
            R"("params":{"volume":1.10000000, "price":"1e-8"},"timeout_ms":5000,"max_wait_ms":0}})"
        }
    );
}

TEST_CASE("parameters that are no JSON object are not sent") {
    FakeDaemon daemon([](const std::string& line) { return reply(line, "{}"); });
    Client client = connected(daemon);
    const auto params = GENERATE(
        as<std::string>(),
        "",
        "1",
        "[]",
        "{",
        "{}}",
        "{}\n{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"lock\"}",
        "{\"a\":\xFF}"
    );
    CAPTURE(params);
    const auto result = client.request("status", params);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::unsent);
    CHECK(result.error().executed == Executed::no);
    CHECK(daemon.lines().empty());
}

TEST_CASE("a request that is too long is not sent") {
    FakeDaemon daemon([](const std::string& line) { return reply(line, "{}"); });
    Client client = connected(daemon);
    const auto result = client.request("status", "{\"a\":\"" + std::string(256 * 1024, 'x') + "\"}");
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::unsent);
    CHECK(daemon.lines().empty());
}

TEST_CASE("secret parameters are sent as they are") {
    FakeDaemon daemon([](const std::string& line) { return reply(line, "{}"); });
    Client client = connected(daemon);
    REQUIRE(client.request("unlock", secret_object({{"passphrase", "a\"b\\c\n\x01 \xE2\x82\xAC"}})));
    CHECK(
        daemon.lines().at(0) ==
        R"({"jsonrpc":"2.0","id":1,"method":"unlock","params":{"passphrase":"a\"b\\c\u000a\u0001 )"
        "\xE2\x82\xAC\"}}"
    );
}

TEST_CASE("an error of the daemon is a refusal with its bytes") {
    const std::string error =
        R"({"code":-32013,"message":"too many calls","data":{"category":"rate_limit","executed":"no","retryable":true,)"
        R"("origin":"kraken","call_id":"c1","kraken":["EAPI:Rate limit exceeded"],"remedy":"wait","retry_after_ms":1500}})";
    FakeDaemon daemon([&](const std::string& line) { return error_reply(line, error); });
    Client client = connected(daemon);
    const auto result = client.call("Balance");
    REQUIRE_FALSE(result);
    const Failure& failure = result.error();
    CHECK(failure.kind == FailureKind::refused);
    CHECK(failure.code == -32013);
    CHECK(failure.message == "too many calls");
    CHECK(failure.category == "rate_limit");
    CHECK(failure.executed == Executed::no);
    CHECK(failure.retryable);
    CHECK(failure.remedy == "wait");
    CHECK(failure.kraken == std::vector<std::string>{"EAPI:Rate limit exceeded"});
    CHECK(failure.retry_after == 1500ms);
    CHECK(failure.json == error);
}

TEST_CASE("an error without an id answers the request that is open") {
    FakeDaemon daemon([](const std::string&) {
        return R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not JSON","data":{"executed":"no"}}})"
               "\n";
    });
    Client client = connected(daemon);
    const auto result = client.request("status");
    REQUIRE_FALSE(result);
    CHECK(result.error().code == -32700);
}

TEST_CASE("an answer that is lost leaves open what an acting request did, and it is not sent again") {
    const auto& [endpoint, executed] = GENERATE(table<std::string, Executed>(
        {{"AddOrder", Executed::unknown},
         {"CancelOrder", Executed::unknown},
         {"Withdraw", Executed::unknown},
         {"OfTomorrow", Executed::unknown},
         {"Balance", Executed::no},
         {"Ticker", Executed::no}}
    ));
    CAPTURE(endpoint);
    FakeDaemon daemon([](const std::string&) { return std::nullopt; });
    Client client = connected(daemon);
    const auto result = client.call(endpoint);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::lost);
    CHECK(result.error().executed == executed);
    CHECK_FALSE(result.error().retryable);
    CHECK(result.error().code == (executed == Executed::unknown ? -32019 : 0));
    CHECK(daemon.lines().size() == 1);
}

TEST_CASE("half an answer is a lost one") {
    FakeDaemon daemon([first = true](const std::string& line) mutable -> std::optional<std::string> {
        if (!first) return std::nullopt;
        first = false;
        return reply(line, "{\"txid\":1}").substr(0, 20) + "\n";
    });
    Client client = connected(daemon);
    const auto result = client.call("AddOrder");
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::lost);
    CHECK(result.error().executed == Executed::unknown);
}

TEST_CASE("an answer to another request is no answer") {
    FakeDaemon daemon([](const std::string&) { return "{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":true}\n"; });
    Client client = connected(daemon);
    const auto result = client.call("AddOrder");
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::lost);
    CHECK(result.error().executed == Executed::unknown);
}

TEST_CASE("a daemon that does not answer is not waited for without end") {
    FakeDaemon daemon([](const std::string&) { return ""; });
    Client client = connected(daemon);
    const auto read = client.request("status", "{}", 20ms);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == FailureKind::late);
    CHECK(read.error().executed == Executed::no);
}

TEST_CASE("an acting request that is not answered in time may have happened") {
    FakeDaemon daemon([](const std::string&) { return ""; });
    Client client = connected(daemon);
    const auto act = client.request("call", R"({"endpoint":"AddOrder"})", 20ms);
    REQUIRE_FALSE(act);
    CHECK(act.error().kind == FailureKind::late);
    CHECK(act.error().executed == Executed::unknown);
}

TEST_CASE("a connection that was closed while idle is opened anew") {
    FakeDaemon daemon([](const std::string& line) -> std::optional<std::string> {
        if (line.find("\"lock\"") != std::string::npos) return std::nullopt;
        return reply(line, "true");
    });
    Client client = connected(daemon);
    REQUIRE(client.request("ping"));
    CHECK_FALSE(client.request("lock"));
    CHECK(client.request("ping") == "true");
    CHECK(daemon.connections() == 2);
    CHECK(daemon.lines().size() == 3);
}

TEST_CASE("a daemon that has gone is no daemon") {
    auto daemon = std::make_unique<FakeDaemon>([](const std::string& line) { return reply(line, "true"); });
    Client client = connected(*daemon);
    REQUIRE(client.request("ping"));
    daemon.reset();
    const auto result = client.call("AddOrder");
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == FailureKind::no_daemon);
    CHECK(result.error().executed == Executed::no);
}
