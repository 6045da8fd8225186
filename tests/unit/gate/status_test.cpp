// status: how it stands, in words and in figures; and every answer held to the schema that rpc.discover
// tells.

#include "json_schema.hpp"
#include "scene.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::SocketKind;
using test::Keys;
using test::Scene;
namespace json = boost::json;

json::value answer(Scene& scene, std::string_view method, std::string_view params = "{}") {
    scene.request("1", method, params);
    const auto reply = json::parse(scene.next_reply()).as_object();
    REQUIRE(reply.contains("result"));
    return reply.at("result");
}

// What is wrong with the answer, by the method's own schema.
std::string mismatch(Scene& scene, std::string_view method, std::string_view params = "{}") {
    return test::mismatch(protocol::find_method(method)->result(), answer(scene, method, params));
}

std::string text(const json::value& string) {
    return std::string(string.as_string());
}

std::string summary(Scene& scene) {
    return text(answer(scene, "status").at("summary"));
}

}  // namespace

TEST_CASE("what is shown has the shape that rpc.discover tells, in every state") {
    const auto keys = GENERATE(from_range(test::all_keys));
    CAPTURE(static_cast<int>(keys));
    Scene scene(keys);
    if (!scene.accounts.list().empty()) {
        scene.ask(
            "call",
            R"({"endpoint":"Balance","account":")" + scene.accounts.list()[0]->info().account.text() + "\"}"
        );
    }
    scene.upstream.otherwise = [](const net::Request&) { return test::refusal("EAPI:Invalid key"); };
    scene.ask("call", R"({"endpoint":"Balance"})");
    for (const char* method :
         {"ping",
          "version",
          "status",
          "account.list",
          "rpc.discover",
          "gateway.show",
          "profile",
          "endpoints",
          "nonce.status"}) {
        CAPTURE(method);
        CHECK(mismatch(scene, method) == "");
    }
}

TEST_CASE("what acts answers in the shape that rpc.discover tells") {
    Scene scene(Keys::none, SocketKind::admin);
    scene.backend.shut_down = [] {};
    const auto file = scene.folder.file("kraken_nonce.txt", "1700000000123456\n").string();
    CHECK(mismatch(scene, "vault.create", R"({"passphrase":"x"})") == "");
    CHECK(mismatch(scene, "unlock", R"({"passphrase":"x"})") == "");
    CHECK(mismatch(scene, "account.add", R"({"name":"b","api_key":"0000000b","api_secret":"s"})") == "");
    CHECK(mismatch(scene, "account.validate", R"({"name":"b"})") == "");
    CHECK(mismatch(scene, "nonce.import", R"({"account":"b","file":")" + file + "\"}") == "");
    CHECK(mismatch(scene, "vault.change_passphrase", R"({"old":"x","new":"y"})") == "");
    CHECK(mismatch(scene, "vault.add_key_file", R"({"passphrase":"x","path":"y"})") == "");
    CHECK(mismatch(scene, "vault.remove_key_file", R"({"passphrase":"x","path":"y"})") == "");
    CHECK(mismatch(scene, "account.remove", R"({"name":"b"})") == "");
    CHECK(mismatch(scene, "reload") == "");
    CHECK(mismatch(scene, "lock") == "");
    CHECK(mismatch(scene, "shutdown") == "");
}

TEST_CASE("the schema of an answer is not met by another") {
    const auto schema = protocol::find_method("unlock")->result();
    CHECK(test::mismatch(schema, json::parse(R"({"state":"unlocked","accounts":1})")) == "");
    for (const char* wrong :
         {"true",
          R"({"state":"locked","accounts":1})",
          R"({"state":"unlocked"})",
          R"({"state":"unlocked","accounts":-1})",
          R"({"state":"unlocked","accounts":"1"})",
          R"({"state":"unlocked","accounts":1,"more":1})"}) {
        CHECK(test::mismatch(schema, json::parse(wrong)) != "");
    }
}

TEST_CASE("the summary says in one line how it stands") {
    const auto [keys, state, exists, expected] = GENERATE(table<Keys, std::string, bool, std::string>({
        {Keys::none, "uninitialized", false, "no vault yet; run: krakkenctl setup"},
        {Keys::locked, "locked", true, "locked; run: krakkenctl unlock"},
        {Keys::unlocked, "unlocked", true, "unlocked, 1 of 1 account ready"},
        {Keys::environment,
         "unlocked",
         false,
         "unlocked with the environment's keys, no vault, 1 of 1 account ready"},
        {Keys::environment_locked,
         "locked",
         true,
         "locked, but the environment's accounts serve (1 of 1 account ready); run: krakkenctl unlock"},
        {Keys::environment_open, "unlocked", true, "unlocked, 2 of 2 accounts ready"},
        {Keys::wiped,
         "locked",
         false,
         "locked, and the environment's keys are wiped; restart krakkend with its environment"},
    }));
    Scene scene(keys);
    const auto status = answer(scene, "status");
    CHECK(text(status.at("summary")) == expected);
    CHECK(text(status.at("state")) == state);
    CHECK(status.at("vault").at("exists") == exists);
    CHECK(text(status.at("vault").at("path")) == scene.keeper.path.string());
    CHECK(status.at("config").at("path") == "/nowhere/config.toml");
}

TEST_CASE("the summary names who is not ready") {
    Scene scene(Keys::unlocked);
    scene.keeper.saved.clear();
    scene.accounts.refresh();
    CHECK(summary(scene) == "unlocked, no account yet; run: krakkenctl account add NAME");
    for (const auto& [name, key] : {std::pair{"a", "0000000a"}, {"bot2", "0000000b"}, {"c", "0000000c"}})
        scene.keeper.hold(name, key);
    scene.accounts.refresh();
    scene.upstream.then(test::refusal("EAPI:Invalid key"));
    scene.ask("call", R"({"endpoint":"Balance","account":"bot2"})");
    CHECK(summary(scene) == "unlocked, 2 of 3 accounts ready: bot2 auth_failed");
    const auto account = answer(scene, "status").at("accounts").at(1).as_object();
    CHECK(account.at("state") == "auth_failed");
    CHECK(account.at("last_error") == "auth");
    CHECK(account.at("errors") == 1);
    CHECK_FALSE(account.at("remedy").as_string().empty());
}

TEST_CASE("an account tells its source, and whether it hides one of the vault") {
    Scene scene(Keys::environment_open);
    auto accounts = answer(scene, "status").at("accounts").as_array();
    CHECK(accounts.at(0).at("source") == "vault");
    CHECK(accounts.at(1).at("source") == "environment");
    CHECK_FALSE(accounts.at(1).as_object().contains("hides_vault_entry"));
    scene.keeper.hold("user_env", "0000000f");
    scene.accounts.refresh();
    accounts = answer(scene, "status").at("accounts").as_array();
    CHECK(accounts.size() == 2);
    CHECK(accounts.at(1).at("hides_vault_entry") == true);
}

TEST_CASE("the distance to Kraken's clock is told once it is known") {
    Scene scene(Keys::locked);
    CHECK_FALSE(answer(scene, "status").at("upstream").as_object().contains("clock_offset_ms"));
    scene.upstream.then(test::answer(R"({"unixtime":1700000010,"rfc1123":"x"})"));
    scene.keeper.vault = keeper::VaultState::unlocked;
    scene.backend.vault_opened();
    scene.loop.poll();
    const auto offset = answer(scene, "status").at("upstream").at("clock_offset_ms").as_int64();
    CHECK(offset > 8'000);
    CHECK(offset < 12'000);
}
