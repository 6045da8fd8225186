// Request line, reply line: several keys of one account, on the admin socket.

#include "scene.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::SocketKind;
using test::bad;
using test::error;
using test::has_reason;
using test::is_locked;
using test::Keys;
using test::name_shape;
using test::no_vault;
using test::result;
using test::Scene;

}  // namespace

TEST_CASE("transcript: account.add_key and account.replace_key are held to their shape first") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    const std::string nobody =
        error(-32004, "unknown_account", "no account has that name", R"(,"accounts":["master"])");
    for (const std::string method : {"account.add_key", "account.replace_key"}) {
        CAPTURE(method);
        CHECK(
            scene.ask(method, R"({"api_key":"k","api_secret":"s"})") ==
            bad(method + " needs the parameter name")
        );
        CHECK(
            scene.ask(method, R"({"name":"master","api_key":"k"})") ==
            bad(method + " needs the parameter api_secret")
        );
        CHECK(scene.ask(method, R"({"name":"M","api_key":"k","api_secret":"s"})") == bad(name_shape));
        CHECK(scene.ask(method, R"({"name":"bob","api_key":"k","api_secret":"s"})") == nobody);
        CHECK(
            scene.ask(method, R"({"name":"master","api_key":"k","api_secret":"s","save":"now"})") ==
            bad("save must be one of: validated, unvalidated, anyway")
        );
        CHECK(scene.ask(method, R"({"name":"master","api_key":"k","api_secret":"s","tier":"pro"})")
                  .contains(method + " has no such parameter"));
    }
    CHECK(
        scene.ask(
            "account.replace_key", R"({"name":"master","api_key":"k","api_secret":"s","key":"ffffffff"})"
        ) == bad("the account has no such key; see: krakkenctl account list")
    );
    CHECK(scene.upstream.requests.empty());
}

TEST_CASE("transcript: an account gets another key, and another in the place of its first") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    scene.upstream.otherwise = [](const net::Request& request) {
        if (!request.target.ends_with("GetApiKeyInfo")) return test::answer("{}");
        return test::answer(
            R"({"apiKeyName":"bot \u0007 1","permissions":["query-funds"],"iban":"AA11","ipAllowlist":["192.0.2.1"]})"
        );
    };
    const std::string lacks = scene.ask("account.validate", R"({"name":"master"})");
    const std::string warnings = lacks.substr(lacks.find(R"("warnings":)"));
    const auto begin = [](std::string_view key) {
        return R"({"jsonrpc":"2.0","id":1,"result":{"name":"master","key":")" + std::string(key) +
               R"(","validated":true,"saved":true,"permissions":["query-funds"],)";
    };
    CHECK(
        scene.ask("account.add_key", R"({"name":"master","api_key":"0000000b","api_secret":"eA=="})") ==
        begin("0000000b") + warnings
    );
    CHECK(scene.ask("account.list", "{}").contains(R"({"key":"0123abcd","state":"ready")"));
    CHECK(scene.ask("account.list", "{}").contains(R"({"key":"0000000b","state":"ready","validated":true)"));
    CHECK(scene.ask("status", "{}").contains(R"("accounts":[{"name":"master")"));
    const std::string third = R"({"name":"master","api_key":"0000000c","api_secret":"eA==")";
    CHECK(
        scene.ask("account.replace_key", third + "}") ==
        error(
            -32602,
            "protocol",
            "the account has several keys; say which one",
            R"(,"remedy":"name it by its 8 hex digits, as krakkenctl account list shows them")"
            R"(,"keys":["0000000b","0123abcd"])"
        )
    );
    const std::string replaced = scene.ask("account.replace_key", third + R"(,"key":"0123abcd"})");
    CHECK(replaced.starts_with(begin("0000000c")));
    CHECK(replaced.ends_with(
        R"("retired":{"key":"0123abcd","name_at_kraken":"bot ? 1"},)"
        R"("remedy":"delete the old key at Kraken, it is called bot ? 1: krakkend uses it no more"}})"
    ));
    const std::string all = scene.ask("account.validate", R"({"name":"master"})");
    CHECK(all.contains(R"("warnings":["key 0000000b: )"));
    CHECK(all.contains(R"("keys":[{"key":"0000000b","permissions":["query-funds"],"warnings":[)"));
    CHECK(
        scene.ask("account.remove", R"({"name":"master","key":"0000000b"})") == result(R"({"removed":true})")
    );
    CHECK(scene.keeper.saved.size() == 1);
}

TEST_CASE("transcript: a key of another account at Kraken is refused") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    int asked = 0;
    scene.upstream.otherwise = [&](const net::Request& request) {
        if (!request.target.ends_with("GetApiKeyInfo")) return test::answer("{}");
        return test::answer(R"({"permissions":[],"iban":"AA)" + std::to_string(++asked) + "\"}");
    };
    for (const std::string save : {"validated", "anyway"}) {
        const std::string refused = scene.ask(
            "account.add_key",
            R"({"name":"master","api_key":"0000000b","api_secret":"eA==","save":")" + save + "\"}"
        );
        CHECK(has_reason(refused, "-32602", "other_account"));
    }
    CHECK(scene.keeper.saved.size() == 1);
}

TEST_CASE("transcript: keys are neither added nor replaced where they cannot be saved") {
    const auto [keys, reply] = GENERATE(table<Keys, std::string>({
        {Keys::none, no_vault},
        {Keys::locked, is_locked},
        {Keys::environment_locked, is_locked},
    }));
    Scene scene(keys, SocketKind::admin);
    for (const std::string method : {"account.add_key", "account.replace_key"})
        CHECK(scene.ask(method, R"({"name":"master","api_key":"k","api_secret":"s"})") == reply);
    Scene environment(Keys::environment_open, SocketKind::admin);
    for (const std::string method : {"account.add_key", "account.replace_key"})
        CHECK(has_reason(
            environment.ask(method, R"({"name":"user_env","api_key":"k","api_secret":"s"})"),
            "-32602",
            "environment"
        ));
}
