// Request line, reply line: the methods of the admin socket, in every state.

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

TEST_CASE("transcript: vault.create and unlock") {
    Scene scene(Keys::none, SocketKind::admin);
    CHECK(scene.ask("vault.create", "{}") == bad("vault.create needs the parameter passphrase"));
    CHECK(scene.ask("vault.create", R"({"passphrase":7})") == bad("passphrase must be a string"));
    CHECK(scene.ask("vault.create", R"({"passphrase":"x"})") == result(R"({"created":true})"));
    CHECK(scene.keeper.vault == keeper::VaultState::unlocked);
    CHECK(has_reason(scene.ask("vault.create", R"({"passphrase":"x"})"), "-32007", "exists"));
    CHECK(scene.ask("lock", "{}") == result(R"({"state":"locked"})"));
    CHECK(
        scene.ask("unlock", R"({"passphrase":"y"})") ==
        error(-32006, "passphrase", "wrong passphrase or corrupted secrets file")
    );
    CHECK(scene.ask("unlock", R"({"passphrase":"x"})") == result(R"({"state":"unlocked","accounts":0})"));
    // Open already, it still verifies.
    CHECK(scene.ask("unlock", R"({"passphrase":"y"})").contains("-32006"));
    CHECK(scene.ask("unlock", R"({"passphrase":"x"})") == result(R"({"state":"unlocked","accounts":0})"));
}

TEST_CASE("transcript: unlock takes one way to open the vault") {
    Scene scene(Keys::locked, SocketKind::admin);
    const std::string either = bad("unlock needs either passphrase or key_file");
    CHECK(scene.ask("unlock", "{}") == either);
    CHECK(scene.ask("unlock", R"({"passphrase":"right","key_file":"/k"})") == either);
    CHECK(scene.ask("unlock", R"({"passphrase":null,"key_file":null})") == either);
    CHECK(scene.ask("unlock", R"({"key_file":7})") == bad("key_file must be a string"));
    CHECK(
        scene.ask("unlock", R"({"password":"x"})") ==
        bad("unlock has no such parameter; it takes passphrase, key_file")
    );
    CHECK(scene.ask("unlock", R"({"key_file":"/k"})") == result(R"({"state":"unlocked","accounts":1})"));
}

TEST_CASE("transcript: beside keys from the environment an unlock adds the vault's") {
    Scene scene(Keys::environment_locked, SocketKind::admin);
    CHECK(scene.ask("unlock", R"({"passphrase":"right"})") == result(R"({"state":"unlocked","accounts":2})"));
}

TEST_CASE("transcript: lock answers the same in every state, and wipes everything") {
    const auto keys = GENERATE(from_range(test::all_keys));
    CAPTURE(static_cast<int>(keys));
    Scene scene(keys, SocketKind::admin);
    CHECK(scene.ask("lock", "{}") == result(R"({"state":"locked"})"));
    CHECK(scene.keeper.list().empty());
    CHECK(scene.ask("account.list", "{}") == result("[]"));
    CHECK(scene.ask("lock", R"({"now":true})") == bad("lock has no such parameter; it takes none"));
}

TEST_CASE("transcript: the vault's passphrase and key files") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    const std::string changed = result(R"({"changed":true})");
    CHECK(scene.ask("vault.change_passphrase", R"({"old":"a","new":"b"})") == changed);
    CHECK(
        scene.ask("vault.change_passphrase", R"({"old":"a"})") ==
        bad("vault.change_passphrase needs the parameter new")
    );
    for (const std::string method : {"vault.add_key_file", "vault.remove_key_file"}) {
        CHECK(scene.ask(method, R"({"passphrase":"a","path":"/k"})") == changed);
        CHECK(scene.ask(method, R"({"passphrase":"a"})") == bad(method + " needs the parameter path"));
        CHECK(scene.ask(method, R"({"path":"/k"})") == bad(method + " needs the parameter passphrase"));
    }
}

TEST_CASE("transcript: account.add is held to its shape first") {
    const auto [params, reply] = GENERATE(table<std::string, std::string>({
        {R"({"api_key":"k","api_secret":"s"})", bad("account.add needs the parameter name")},
        {R"({"name":"bob","api_secret":"s"})", bad("account.add needs the parameter api_key")},
        {R"({"name":"bob","api_key":"k"})", bad("account.add needs the parameter api_secret")},
        {R"({"name":"Bob","api_key":"k","api_secret":"s"})", bad(name_shape)},
        {R"({"name":"","api_key":"k","api_secret":"s"})", bad(name_shape)},
        {R"({"name":"b.b","api_key":"k","api_secret":"s"})", bad(name_shape)},
        {R"({"name":"bob","api_key":7,"api_secret":"s"})", bad("api_key must be a string")},
        {R"({"name":"bob","api_key":"k","api_secret":"s","otp":1})", bad("otp must be a string")},
        {R"({"name":"bob","api_key":"k","api_secret":"s","tier":"gold"})",
         bad("tier must be one of: starter, intermediate, pro")},
        {R"({"name":"bob","api_key":"k","api_secret":"s","save":"always"})",
         bad("save must be one of: validated, unvalidated, anyway")},
    }));
    CAPTURE(params);
    Scene scene(Keys::unlocked, SocketKind::admin);
    CHECK(scene.ask("account.add", params) == reply);
    CHECK(
        scene.ask(
            "account.add", R"({"name":")" + std::string(65, 'a') + R"(","api_key":"k","api_secret":"s"})"
        ) == bad(name_shape)
    );
    CHECK(scene.upstream.requests.empty());
}

TEST_CASE("transcript: account.add") {
    const std::string bob =
        R"({"name":"bob","api_key":"0000000b","api_secret":"eA==","otp":"totp:AAAA","tier":"pro")";
    Scene scene(Keys::unlocked, SocketKind::admin);
    SECTION("accepted by Kraken") {
        CHECK(
            scene.ask("account.add", bob + "}")
                .starts_with(
                    R"({"jsonrpc":"2.0","id":1,"result":{"name":"bob","key":"0000000b","validated":true,"saved":true,"warnings":[)"
                )
        );
        const auto& saved = scene.keeper.saved.at(base::KeyId("0000000b"));
        CHECK(saved.has_otp);
        CHECK(saved.tier == base::Tier::pro);
        CHECK(has_reason(scene.ask("account.add", bob + "}"), "-32602", "exists"));
    }
    SECTION("refused by Kraken") {
        scene.upstream.otherwise = [](const net::Request&) { return test::refusal("EAPI:Invalid key"); };
        const std::string refused = scene.ask("account.add", bob + "}");
        CHECK(refused.contains(R"("code":-32010)"));
        CHECK(refused.contains(R"("origin":"kraken","call_id":"#","kraken":["EAPI:Invalid key"])"));
        CHECK(refused.contains(R"("account":"bob")"));
        CHECK(scene.ask("account.add", bob + R"(,"save":"unvalidated"})").contains(R"("code":-32010)"));
        CHECK(scene.keeper.saved.size() == 1);
        CHECK(scene.ask("account.add", bob + R"(,"save":"anyway"})")
                  .contains(R"("validated":false,"saved":true)"));
    }
    SECTION("Kraken cannot be reached") {
        scene.upstream.otherwise = [](const net::Request&) { return test::not_sent(); };
        const std::string refused = scene.ask("account.add", bob + "}");
        CHECK(refused.contains(R"("code":-32017)"));
        CHECK(refused.contains(R"("can_save_unvalidated":true)"));
        CHECK(scene.keeper.saved.size() == 1);
        CHECK(scene.ask("account.add", bob + R"(,"save":"unvalidated"})")
                  .contains(R"("validated":false,"saved":true)"));
    }
}

TEST_CASE("transcript: account.add without an open vault") {
    const auto [keys, reply] = GENERATE(table<Keys, std::string>({
        {Keys::none, no_vault},
        {Keys::locked, is_locked},
        {Keys::environment, no_vault},
        {Keys::environment_locked, is_locked},
    }));
    Scene scene(keys, SocketKind::admin);
    CAPTURE(static_cast<int>(keys));
    CHECK(scene.ask("account.add", R"({"name":"bob","api_key":"k","api_secret":"s"})") == reply);
}

TEST_CASE("transcript: an account of the environment is neither added nor removed") {
    const auto keys = GENERATE(Keys::environment, Keys::environment_locked, Keys::environment_open);
    Scene scene(keys, SocketKind::admin);
    CAPTURE(static_cast<int>(keys));
    const auto added = scene.ask("account.add", R"({"name":"user_env","api_key":"k","api_secret":"s"})");
    CHECK(has_reason(added, "-32602", "environment"));
    CHECK(has_reason(scene.ask("account.validate", R"({"name":"user_env"})"), "-32602", "environment"));
    CHECK(has_reason(scene.ask("account.remove", R"({"name":"user_env"})"), "-32602", "environment"));
    CHECK(scene.upstream.requests.empty());
}

TEST_CASE("transcript: account.validate and account.remove") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    const std::string other_key = bad("the account has no such key; see: krakkenctl account list");
    const std::string nobody =
        error(-32004, "unknown_account", "no account has that name", R"(,"accounts":["master"])");
    for (const std::string method : {"account.validate", "account.remove"}) {
        CHECK(scene.ask(method, "{}") == bad(method + " needs the parameter name"));
        CHECK(scene.ask(method, R"({"name":"M"})") == bad(name_shape));
        CHECK(scene.ask(method, R"({"name":"bob"})") == nobody);
        CHECK(scene.ask(method, R"({"name":"master","key":"ffffffff"})") == other_key);
        CHECK(scene.ask(method, R"({"name":"master","key":7})") == bad("key must be a string"));
    }
    CHECK(
        scene.ask("account.validate", R"({"name":"master","key":"0123abcd"})")
            .starts_with(
                R"({"jsonrpc":"2.0","id":1,"result":{"name":"master","key":"0123abcd","validated":true,"saved":true,"warnings":[)"
            )
    );
    CHECK(
        scene.ask("account.remove", R"({"name":"master","key":"0123abcd"})") == result(R"({"removed":true})")
    );
    CHECK(scene.keeper.saved.empty());
}

TEST_CASE("transcript: accounts are neither validated nor removed while locked") {
    const auto [keys, reply] = GENERATE(table<Keys, std::string>(
        {{Keys::none, no_vault}, {Keys::locked, is_locked}, {Keys::environment_locked, is_locked}}
    ));
    Scene scene(keys, SocketKind::admin);
    CHECK(scene.ask("account.validate", R"({"name":"master"})") == reply);
    CHECK(scene.ask("account.remove", R"({"name":"master"})") == reply);
    CHECK(scene.ask("nonce.import", R"({"account":"master","file":"/n"})") == reply);
}

TEST_CASE("transcript: nonce.import") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    CHECK(
        scene.ask("nonce.import", R"({"account":"master"})") == bad("nonce.import needs the parameter file")
    );
    CHECK(scene.ask("nonce.import", R"({"account":"M","file":"/n"})") == bad(name_shape));
    CHECK(
        scene.ask("nonce.import", R"({"account":"bob","file":"/n"})") ==
        error(-32004, "unknown_account", "no account has that name", R"(,"accounts":["master"])")
    );
    const auto file = scene.folder.file("kraken_nonce.txt", "1700000000123456\n").string();
    scene.request("1", "nonce.import", R"({"account":"master","file":")" + file + "\"}");
    CHECK(scene.next_reply() == result(R"({"account":"master","last":"1700000000123456"})"));
}

TEST_CASE("transcript: reload") {
    Scene scene(Keys::locked, SocketKind::admin);
    CHECK(scene.ask("reload", "{}") == result(R"({"reloaded":true,"needs_restart":["kraken.base_url"]})"));
    scene.backend.reload = [] { return gate::Reloaded{}; };
    CHECK(scene.ask("reload", "{}") == result(R"({"reloaded":true,"needs_restart":[]})"));
    scene.backend.reload = []() -> protocol::Result<gate::Reloaded> {
        return std::unexpected(
            protocol::make_error(protocol::ErrorCode::invalid_params, "line 3: no such key")
                .with("reason", "configuration")
        );
    };
    CHECK(
        scene.ask("reload", "{}") ==
        error(-32602, "protocol", "line 3: no such key", R"(,"reason":"configuration")")
    );
}

TEST_CASE("transcript: shutdown") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    int asked = 0;
    scene.backend.shut_down = [&] { ++asked; };
    CHECK(scene.ask("shutdown", "{}") == result("true"));
    CHECK(asked == 1);
    // A bug is answered too, and the session goes on.
    scene.backend.shut_down = nullptr;
    CHECK(
        scene.ask("shutdown", "{}") ==
        error(-32603, "protocol", "an internal error; the log has it under this call_id")
    );
    CHECK(scene.ask("ping", "{}") == result(R"("pong")"));
}
