// Request line, reply line: the methods of both sockets and of the client socket, in every state.

#include "scene.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using test::error;
using test::is_locked;
using test::Keys;
using test::no_vault;
using test::result;
using test::Scene;

std::string unknown(std::string_view accounts) {
    return error(
        -32004, "unknown_account", "no account has that name", R"(,"accounts":)" + std::string(accounts)
    );
}

std::string master(std::string_view more = "") {
    return R"({"name":"master","source":"vault","keys":[{"key":"0123abcd","state":"ready","validated":false}]})" +
           std::string(more);
}

const std::string user_env =
    R"({"name":"user_env","source":"environment","keys":[{"key":"000000e0","state":"ready","validated":false}]})";

}  // namespace

TEST_CASE("transcript: account.list shows who can serve") {
    const auto socket = GENERATE(protocol::SocketKind::client, protocol::SocketKind::admin);
    const auto [keys, list] = GENERATE_COPY(table<Keys, std::string>({
        {Keys::none, "[]"},
        {Keys::locked, "[]"},
        {Keys::wiped, "[]"},
        {Keys::unlocked, "[" + master() + "]"},
        {Keys::environment, "[" + user_env + "]"},
        {Keys::environment_locked, "[" + user_env + "]"},
        {Keys::environment_open, "[" + master() + "," + user_env + "]"},
    }));
    Scene scene(keys, socket);
    CHECK(scene.ask("account.list", "{}") == result(list));
}

TEST_CASE("transcript: nonce.status") {
    const auto master_nonces = R"({"account":"master","key":"0123abcd","state":"ready"})";
    const auto env_nonces = R"({"account":"user_env","key":"000000e0","state":"ready"})";
    const auto list = [](std::string_view items) { return result("[" + std::string(items) + "]"); };
    const auto [keys, params, reply] = GENERATE_COPY(table<Keys, std::string, std::string>({
        {Keys::none, "{}", list("")},
        {Keys::locked, "{}", list("")},
        {Keys::wiped, "{}", list("")},
        {Keys::unlocked, "{}", list(master_nonces)},
        {Keys::environment, "{}", list(env_nonces)},
        {Keys::environment_locked, "{}", list(env_nonces)},
        {Keys::unlocked, R"({"account":"master"})", list(master_nonces)},
        {Keys::environment_open, R"({"account":"user_env"})", list(env_nonces)},
        {Keys::unlocked, R"({"account":"bob"})", unknown(R"(["master"])")},
        {Keys::environment_open, R"({"account":"bob"})", unknown(R"(["master","user_env"])")},
        {Keys::none, R"({"account":"bob"})", no_vault},
        {Keys::locked, R"({"account":"bob"})", is_locked},
        {Keys::environment_locked, R"({"account":"master"})", is_locked},
    }));
    CAPTURE(params, static_cast<int>(keys));
    Scene scene(keys);
    CHECK(scene.ask("nonce.status", params) == reply);
}

TEST_CASE("transcript: a call in every state") {
    const std::string done = result("{}");
    const std::string wiped = error(
        -32001,
        "locked",
        "the account's key came with the environment and was wiped by a lock",
        R"(,"remedy":"restart krakkend with its environment","state":"locked")"
    );
    // There is nothing that an unlock could open.
    const std::string all_wiped = error(
        -32001,
        "locked",
        "the keys that came with the environment were wiped by a lock, and there is no vault",
        R"(,"remedy":"restart krakkend with its environment","state":"locked")"
    );
    const auto [keys, params, reply] = GENERATE_COPY(table<Keys, std::string, std::string>({
        {Keys::none, R"({"endpoint":"Balance"})", no_vault},
        {Keys::locked, R"({"endpoint":"Balance"})", is_locked},
        {Keys::locked, R"({"endpoint":"Balance","account":"bob"})", is_locked},
        {Keys::unlocked, R"({"endpoint":"Balance"})", done},
        {Keys::unlocked, R"({"endpoint":"Balance","account":"master"})", done},
        {Keys::unlocked, R"({"endpoint":"Balance","account":"bob"})", unknown(R"(["master"])")},
        {Keys::unlocked, R"({"endpoint":"Balance","account":""})", unknown(R"(["master"])")},
        {Keys::environment, R"({"endpoint":"Balance"})", done},
        {Keys::environment, R"({"endpoint":"Balance","account":"user_env"})", done},
        {Keys::environment, R"({"endpoint":"Balance","account":"bob"})", unknown(R"(["user_env"])")},
        {Keys::environment_locked, R"({"endpoint":"Balance","account":"user_env"})", done},
        {Keys::environment_locked, R"({"endpoint":"Balance","account":"master"})", is_locked},
        {Keys::environment_open, R"({"endpoint":"Balance","account":"user_env"})", done},
        {Keys::environment_open, R"({"endpoint":"Balance","account":"master"})", done},
        {Keys::environment_open,
         R"({"endpoint":"Balance"})",
         error(
             -32004,
             "unknown_account",
             "several accounts are there; say which one",
             R"(,"accounts":["master","user_env"])"
         )},
        {Keys::wiped, R"({"endpoint":"Balance","account":"user_env"})", wiped},
        {Keys::wiped, R"({"endpoint":"Balance","account":"bob"})", all_wiped},
        // A public one needs no secret, and so no state and no account.
        {Keys::none, R"({"endpoint":"Time"})", done},
        {Keys::locked, R"({"endpoint":"Time","account":"bob"})", done},
        {Keys::wiped, R"({"endpoint":"Time"})", done},
    }));
    CAPTURE(params, static_cast<int>(keys));
    Scene scene(keys);
    CHECK(scene.ask("call", params) == reply);
    CHECK(scene.upstream.requests.size() == (reply == done ? 1 : 0));
}

TEST_CASE("transcript: a call that may not be made") {
    const std::string takes =
        "call has no such parameter; it takes endpoint, account, params, timeout_ms, max_wait_ms, "
        "idempotency_key";
    const auto bad = [](std::string_view message) { return error(-32602, "protocol", message); };
    const auto [params, reply] = GENERATE_COPY(table<std::string, std::string>({
        {"{}", bad("call needs the parameter endpoint")},
        {R"({"endpoint":null})", bad("call needs the parameter endpoint")},
        {R"({"endpoint":7})", bad("endpoint must be a string")},
        {R"({"endpoint":"Balance","what":1})", bad(takes)},
        {R"({"endpoint":"Balance","account":7})", bad("account must be a string")},
        {R"({"endpoint":"Balance","params":[]})", bad("params must be an object")},
        {R"({"endpoint":"Balance","timeout_ms":0})", bad("timeout_ms must be a whole number from 1 to 120000")
        },
        {R"({"endpoint":"Balance","timeout_ms":120001})",
         bad("timeout_ms must be a whole number from 1 to 120000")},
        {R"({"endpoint":"Balance","timeout_ms":1.5})",
         bad("timeout_ms must be a whole number from 1 to 120000")},
        {R"({"endpoint":"Balance","timeout_ms":"9"})", bad("timeout_ms must be a whole number")},
        {R"({"endpoint":"Balance","max_wait_ms":-1})",
         bad("max_wait_ms must be a whole number from 0 to 120000")},
        {R"({"endpoint":"AddOrder","idempotency_key":""})",
         bad("idempotency_key must be 1 to 128 printable ASCII characters")},
        {R"({"endpoint":"AddOrder","idempotency_key":"\u00e4"})",
         bad("idempotency_key must be 1 to 128 printable ASCII characters")},
        {R"({"endpoint":"CancelOrder","idempotency_key":"a"})",
         bad("idempotency_key is for calls that place orders or move funds; leave it out, this call may be "
             "repeated")},
        {R"({"endpoint":"balance"})",
         error(-32005, "unknown_endpoint", "Kraken has no such endpoint; see: krakkenctl endpoints")},
    }));
    CAPTURE(params);
    Scene scene(Keys::unlocked);
    CHECK(scene.ask("call", params) == reply);
    CHECK(scene.upstream.requests.empty());
}

TEST_CASE("transcript: what is forbidden says by which rule") {
    const auto [endpoint, rule] = GENERATE(
        table<std::string, std::string>({{"Withdraw", "effect:fund"}, {"GetWebSocketsToken", "effect:token"}})
    );
    Scene scene(Keys::unlocked);
    const std::string reply = scene.ask("call", R"({"endpoint":")" + endpoint + "\"}");
    CHECK(reply.contains(R"("code":-32003)"));
    CHECK(reply.contains(
        R"("category":"forbidden","executed":"no","retryable":false,"origin":"daemon","call_id":"#")"
    ));
    CHECK(reply.contains(R"("rule":")" + rule + '"'));
    CHECK(scene.upstream.requests.empty());
}

TEST_CASE("transcript: wait answers at once where there is nothing to wait for") {
    const auto yes = result("true");
    const auto [keys, params, reply] = GENERATE_COPY(table<Keys, std::string, std::string>({
        {Keys::unlocked, R"({"for":"unlocked"})", yes},
        {Keys::environment, R"({"for":"unlocked"})", yes},
        {Keys::unlocked, R"({"for":"ready"})", yes},
        {Keys::unlocked, R"({"for":"ready","account":"master"})", yes},
        {Keys::environment, R"({"for":"ready"})", yes},
        {Keys::environment_locked, R"({"for":"ready","account":"user_env"})", yes},
        {Keys::unlocked, R"({"for":"ready","account":"bob"})", unknown(R"(["master"])")},
        {Keys::environment, R"({"for":"ready","account":"bob"})", unknown(R"(["user_env"])")},
        {Keys::environment_open,
         R"({"for":"ready"})",
         error(
             -32004,
             "unknown_account",
             "several accounts are there; say which one",
             R"(,"accounts":["master","user_env"])"
         )},
        {Keys::none, "{}", error(-32602, "protocol", "wait needs the parameter for")},
        {Keys::none, R"({"for":"rain"})", error(-32602, "protocol", "for must be one of: unlocked, ready")},
        {Keys::none,
         R"({"for":"ready","timeout_ms":0})",
         error(-32602, "protocol", "timeout_ms must be a whole number from 1 to 120000")},
    }));
    CAPTURE(params, static_cast<int>(keys));
    Scene scene(keys);
    CHECK(scene.ask("wait", params) == reply);
}

TEST_CASE("transcript: a wait in vain says what it waited for") {
    const auto [keys, params, message, remedy] = GENERATE(table<Keys, std::string, std::string, std::string>({
        {Keys::none, R"({"for":"unlocked","timeout_ms":1})", "there is no vault yet", "run: krakkenctl setup"
        },
        {Keys::locked, R"({"for":"unlocked","timeout_ms":1})", "the vault is locked", "run: krakkenctl unlock"
        },
        {Keys::environment_locked,
         R"({"for":"unlocked","timeout_ms":1})",
         "the vault is locked",
         "run: krakkenctl unlock"},
        {Keys::locked, R"({"for":"ready","timeout_ms":1})", "the vault is locked", "run: krakkenctl unlock"},
        {Keys::environment_locked,
         R"({"for":"ready","account":"master","timeout_ms":1})",
         "the vault is locked",
         "run: krakkenctl unlock"},
    }));
    Scene scene(keys);
    scene.request("1", "wait", params);
    CHECK(
        scene.next_reply() == error(
                                  -32018,
                                  "timeout",
                                  "it did not come about in time; " + message,
                                  R"(,"remedy":")" + remedy + '"',
                                  "1",
                                  true
                              )
    );
}

TEST_CASE("a wait for readiness goes on through set-up, and ends with the account") {
    Scene scene(Keys::none);
    scene.request("1", "wait", R"({"for":"ready","account":"bob"})");
    CHECK(scene.replies().empty());
    scene.keeper.vault = keeper::VaultState::unlocked;
    scene.backend.vault_opened();
    CHECK(scene.replies().empty());  // open, and empty so far
    scene.keeper.hold("bob", "0000000b");
    scene.accounts.refresh();
    scene.backend.changes.happened();
    CHECK(scene.replies() == std::vector{result("true")});
}

TEST_CASE("a wait that meets an unlock without its account ends with it") {
    Scene scene(Keys::locked);
    scene.request("1", "wait", R"({"for":"ready","account":"bob"})");
    CHECK(scene.replies().empty());
    scene.keeper.vault = keeper::VaultState::unlocked;
    scene.backend.vault_opened();
    const auto replies = scene.replies();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].contains("-32004"));
}

TEST_CASE("a wait for readiness sees what the check behind an unlock has found") {
    Scene scene(Keys::locked);
    scene.upstream.otherwise = [](const net::Request&) { return test::refusal("EAPI:Invalid key"); };
    scene.keeper.vault = keeper::VaultState::unlocked;
    scene.backend.vault_opened();
    scene.loop.poll();
    scene.request("1", "wait", R"({"for":"ready","timeout_ms":1})");
    const std::string reply = scene.next_reply();
    CHECK(reply.contains("it did not come about in time; the account master is not ready: auth_failed"));
    CHECK(reply.contains(R"("account":"master")"));
    CHECK(reply.contains(R"("remedy":")"));
}

TEST_CASE("a wait for an unlock where there is nothing to unlock names the remedy that helps") {
    Scene scene(Keys::wiped);
    scene.request("1", "wait", R"({"for":"unlocked","timeout_ms":1})");
    const std::string reply = scene.next_reply();
    CHECK(reply.contains("and there is no vault"));
    CHECK(reply.contains(R"("remedy":"restart krakkend with its environment")"));
}

TEST_CASE("an unlock while the accounts are still being asked about has them asked once more, after that") {
    Scene scene(Keys::locked);
    scene.keeper.vault = keeper::VaultState::unlocked;
    scene.upstream.held.close();
    scene.backend.vault_opened();
    scene.loop.poll();
    for (int unlocks = 0; unlocks < 3; ++unlocks)
        scene.backend.vault_opened();
    scene.loop.poll();
    CHECK(scene.upstream.targets() == std::vector<std::string>{"/0/public/Time"});
    scene.upstream.held.open();
    scene.loop.poll();
    const std::vector<std::string> once{"/0/public/Time", "/0/private/GetApiKeyInfo", "/0/private/Balance"};
    std::vector<std::string> twice = once;
    twice.insert(twice.end(), once.begin(), once.end());
    CHECK(scene.upstream.targets() == twice);
}

TEST_CASE("a drain ends a wait") {
    Scene scene(Keys::locked);
    scene.request("1", "wait", R"({"for":"unlocked"})");
    scene.backend.stopping = true;
    scene.backend.changes.happened();
    CHECK(
        scene.ask("") == error(-32024, "stopping", "the daemon is stopping; nothing was sent", "", "1", true)
    );
}
