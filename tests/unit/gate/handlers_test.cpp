// gate/handlers: every method has one, and each answers in the contract's shape.

#include "gate/handlers.hpp"

#include "session_bench.hpp"
#include "support/scratch.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::SocketKind;
using test::SessionBench;
namespace json = boost::json;

json::value ask(SessionBench& bench, std::string_view method, std::string_view params = "{}") {
    bench.request("1", method, params);
    const auto replies = bench.replies();
    REQUIRE(replies.size() == 1);
    const auto reply = json::parse(replies[0]).as_object();
    return reply.contains("result") ? reply.at("result") : reply.at("error");
}

std::int64_t code(const json::value& error) {
    REQUIRE(error.is_object());
    REQUIRE(error.as_object().contains("code"));
    return error.at("code").as_int64();
}

}  // namespace

TEST_CASE("every method of the table has a handler, and nothing else has") {
    for (const auto& method : protocol::methods()) {
        CAPTURE(method.name);
        CHECK(gate::find_handler(method.name) != nullptr);
    }
    for (const char* name : {"", "Ping", "ping ", "account", "subscribe", "withdraw", "sign", "secrets"})
        CHECK(gate::find_handler(name) == nullptr);
}

TEST_CASE("the methods that show something answer in every state") {
    const auto state =
        GENERATE(keeper::VaultState::uninitialized, keeper::VaultState::locked, keeper::VaultState::unlocked);
    SessionBench bench;
    const test::Scratch folder;
    bench.keeper.vault = state;
    if (state != keeper::VaultState::uninitialized) bench.keeper.path = folder.file("secrets.enc", "");
    bench.accounts.refresh();
    const bool open = state == keeper::VaultState::unlocked;
    CHECK(ask(bench, "ping") == "pong");
    CHECK(ask(bench, "version").at("protocol") == 1);
    CHECK(ask(bench, "profile").at("region") == "US_CA");
    CHECK(ask(bench, "profile").at("capabilities").at("supports_margin") == false);
    CHECK(ask(bench, "endpoints").as_array().size() == protocol::endpoints().size());
    CHECK(ask(bench, "account.list").as_array().size() == (open ? 1 : 0));
    CHECK(ask(bench, "nonce.status").as_array().size() == (open ? 1 : 0));
    const auto status = ask(bench, "status");
    CHECK(status.at("vault").at("exists") == (state != keeper::VaultState::uninitialized));
    CHECK(status.at("accounts").as_array().size() == (open ? 1 : 0));
    CHECK(status.at("clients") == 1);
    CHECK(status.at("upstream").at("state") == "unknown");
}

TEST_CASE("nonces are shown as text, once there are some") {
    SessionBench bench;
    CHECK_FALSE(ask(bench, "nonce.status").at(0).as_object().contains("last"));
    ask(bench, "call", R"({"endpoint":"Balance"})");
    const auto shown = ask(bench, "nonce.status", R"({"account":"master"})").at(0);
    CHECK(shown.at("last") == "1700000000000000");
    CHECK(shown.at("reserved") == "1700000010000000");
    CHECK(shown.at("unit") == "us");
    CHECK(shown.at("key") == "0123abcd");
    CHECK(code(ask(bench, "nonce.status", R"({"account":"nobody"})")) == -32004);
}

TEST_CASE("a call that cannot be made says why, and nothing is sent") {
    struct Row {
        std::string params;
        std::int64_t code;
    };
    const auto [params, expected] = GENERATE(
        as<Row>(),
        Row{R"({"endpoint":"balance"})", -32005},
        Row{R"({"endpoint":""})", -32005},
        Row{R"({"endpoint":"Withdraw"})", -32003},
        Row{R"({"endpoint":"GetWebSocketsToken"})", -32003},
        Row{R"({"endpoint":"GetApiKeyInfo"})", -32003},
        Row{R"({"endpoint":"Balance","account":"nobody"})", -32004},
        Row{R"({"endpoint":"Balance","params":{"nonce":"1"}})", -32602},
        Row{R"({"endpoint":"Balance","params":{"otp":"1"}})", -32602},
        Row{R"({"endpoint":"Balance","params":{"a":null}})", -32602},
        Row{R"({"endpoint":"Balance","timeout_ms":0})", -32602},
        Row{R"({"endpoint":"Balance","timeout_ms":120001})", -32602},
        Row{R"({"endpoint":"Balance","max_wait_ms":-1})", -32602},
        Row{R"({"endpoint":"Ticker","params":{"a":{}}})", -32602}
    );
    CAPTURE(params);
    SessionBench bench;
    CHECK(code(ask(bench, "call", params)) == expected);
    CHECK(bench.upstream.requests.empty());
    CHECK(bench.store.saves == 0);
}

TEST_CASE("a private call needs an open vault, a public one does not") {
    SessionBench bench;
    bench.keeper.lock();
    bench.accounts.refresh();
    const auto refused = ask(bench, "call", R"({"endpoint":"Balance"})");
    CHECK(code(refused) == -32001);
    CHECK(refused.at("data").at("state") == "locked");
    CHECK(ask(bench, "call", R"({"endpoint":"Time","account":"ignored"})").is_object());
    CHECK(bench.upstream.targets() == std::vector<std::string>{"/0/public/Time"});
}

TEST_CASE("who waits for an unlock is woken by it") {
    SessionBench bench;
    bench.keeper.lock();
    bench.request("7", "wait", R"({"for":"unlocked"})");
    CHECK(bench.replies().empty());
    bench.keeper.vault = keeper::VaultState::unlocked;
    bench.backend.vault_opened();
    CHECK(bench.replies() == std::vector<std::string>{R"({"jsonrpc":"2.0","id":7,"result":true})"});
    CHECK(ask(bench, "wait", R"({"for":"ready","account":"master"})") == true);
    CHECK(code(ask(bench, "wait", R"({"for":"dinner"})")) == -32602);
}

TEST_CASE("a wait that is not met ends at its deadline") {
    SessionBench bench;
    bench.keeper.lock();
    bench.request("1", "wait", R"({"for":"unlocked","timeout_ms":1})");
    std::vector<std::string> replies;
    while (replies.empty())
        replies = bench.replies();
    CHECK(replies[0].contains("-32018"));
    CHECK(replies[0].contains(R"("retryable":true)"));
}

TEST_CASE("an account is added, listed, validated and removed on the admin socket") {
    SessionBench bench(SocketKind::admin);
    const auto added =
        ask(bench, "account.add", R"({"name":"bob","api_key":"0000000b","api_secret":"eA==","tier":"pro"})");
    CHECK(added.at("validated") == true);
    CHECK(added.at("saved") == true);
    CHECK(added.at("key") == "0000000b");
    CHECK(added.at("warnings").is_array());
    const auto list = ask(bench, "account.list");
    CHECK(list.at(0).at("name") == "bob");
    CHECK(list.at(0).at("source") == "vault");
    CHECK(list.at(0).at("keys").at(0).at("validated_at") == "2023-11-14T22:13:20.000Z");
    CHECK(ask(bench, "account.validate", R"({"name":"bob","key":"0000000b"})").at("validated") == true);
    CHECK(code(ask(bench, "account.validate", R"({"name":"bob","key":"ffffffff"})")) == -32602);
    CHECK(ask(bench, "account.remove", R"({"name":"bob"})").at("removed") == true);
    CHECK(code(ask(bench, "account.remove", R"({"name":"bob"})")) == -32004);
}

TEST_CASE("an account that cannot be added says why") {
    struct Row {
        std::string params;
        std::int64_t code;
    };
    const auto [params, expected] = GENERATE(
        as<Row>(),
        Row{R"({"name":"Bob","api_key":"k","api_secret":"s"})", -32602},
        Row{R"({"name":"","api_key":"k","api_secret":"s"})", -32602},
        Row{R"({"name":"bob","api_key":"k","api_secret":"s","tier":"gold"})", -32602},
        Row{R"({"name":"bob","api_key":"k","api_secret":"s","save":"always"})", -32602},
        Row{R"({"name":"master","api_key":"k","api_secret":"s"})", -32602},
        Row{R"({"name":"bob","api_key":"0123abcd","api_secret":"s"})", -32602}
    );
    SessionBench bench(SocketKind::admin);
    CHECK(code(ask(bench, "account.add", params)) == expected);
    CHECK(bench.upstream.requests.empty());
}

TEST_CASE("an unlock needs one way to open the vault") {
    SessionBench bench(SocketKind::admin);
    CHECK(code(ask(bench, "unlock")) == -32602);
    CHECK(code(ask(bench, "unlock", R"({"passphrase":"right","key_file":"/x"})")) == -32602);
    CHECK(ask(bench, "unlock", R"({"key_file":"/x"})").at("state") == "unlocked");
    CHECK(code(ask(bench, "vault.create", R"({"passphrase":"x"})")) == -32007);
}
