// What the gate writes into the audit: which calls and methods are rows, who and what stands in them, and
// what never does; and how the admin socket shows them.

#include "scene.hpp"

#include "gate/row_budget.hpp"

#include <unistd.h>
#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::SocketKind;
using std::chrono::seconds;
using test::Keys;
using test::Scene;

// "what account key ids outcome", with - for what is not there.
std::string outline(const state::AuditEntry& row) {
    std::string line = row.what;
    for (const std::string& part : {row.account, row.key, row.ids, row.outcome})
        line += ' ' + (part.empty() ? "-" : part);
    return line;
}

// The one row since the last time; "none" or how many otherwise.
std::string row(Scene& scene) {
    const auto rows = std::exchange(scene.store.audited, {});
    if (rows.size() == 1) return outline(rows[0]);
    return rows.empty() ? "none" : std::to_string(rows.size()) + " rows";
}

std::string call(std::string_view endpoint, std::string_view params = "{}", std::string_view account = "") {
    std::string text = R"({"endpoint":")" + std::string(endpoint) + R"(","params":)" + std::string(params);
    if (!account.empty()) text += R"(,"account":")" + std::string(account) + '"';
    return text + "}";
}

constexpr auto order = R"({"pair":"XBTUSD","type":"buy","ordertype":"market","volume":"17.25"})";

}  // namespace

TEST_CASE("audit: a call that acts is a row, with what came of it") {
    Scene scene(Keys::unlocked);
    scene.upstream.otherwise = [](const net::Request&) {
        return test::answer(R"({"descr":{"order":"buy"},"txid":["OU22CG-KLAF2-FWUDD7"]})");
    };
    scene.ask("call", call("AddOrder", order));
    REQUIRE(scene.store.audited.size() == 1);
    const state::AuditEntry& first = scene.store.audited[0];
    CHECK(first.caller.uid == ::geteuid());
    CHECK(first.caller.pid == ::getpid());
    CHECK(first.caller.program == "test_gate");
    CHECK(first.call_id.contains('-'));
    CHECK(first.at == scene.clock.time);
    CHECK(first.nonce == 1'700'000'000'000'000);
    CHECK(row(scene) == "AddOrder master 0123abcd OU22CG-KLAF2-FWUDD7 ok");

    scene.upstream.otherwise = [](const net::Request&) { return test::refusal("EOrder:Insufficient funds"); };
    scene.ask("call", call("AddOrder", order));
    CHECK(row(scene) == "AddOrder master 0123abcd - funds");
    scene.ask("call", call("CancelAll"));
    CHECK(row(scene).starts_with("CancelAll master 0123abcd - "));
}

TEST_CASE("audit: what only reads is no row") {
    Scene scene(Keys::unlocked);
    scene.ask("call", call("Balance"));
    scene.ask("call", call("Time"));
    scene.ask("call", call("Balance", "{}", "nobody"));
    scene.ask("call", call("nonsense"));
    for (const char* method :
         {"ping", "version", "status", "account.list", "gateway.show", "profile", "endpoints", "nonce.status"
         })
        scene.ask(method, "{}");
    CHECK(row(scene) == "none");
}

TEST_CASE("audit: a call that was refused is a row, without what the client made up") {
    Scene scene(Keys::unlocked);
    const auto refused = [&](const std::string& params) {
        scene.ask("call", params);
        return row(scene);
    };
    CHECK(
        refused(call("Withdraw", R"({"asset":"XBT","key":"hunter2","amount":"1"})")) ==
        "Withdraw - - - forbidden"
    );
    CHECK(refused(call("Withdraw", "{}", "master")) == "Withdraw master 0123abcd - forbidden");
    CHECK(refused(call("GetWebSocketsToken")) == "GetWebSocketsToken - - - forbidden");
    CHECK(refused(call("AddOrder", order, "hunter2")) == "AddOrder - - - unknown_account");
    CHECK(refused(call("AddOrder", R"({"nonce":"1"})", "master")) == "AddOrder master 0123abcd - protocol");
    scene.keeper.lock();
    scene.accounts.refresh();
    CHECK(refused(call("CancelAll", "{}", "master")) == "CancelAll - - - locked");
}

TEST_CASE("audit: an outcome that nobody knows says so") {
    Scene scene(Keys::unlocked);
    scene.upstream.otherwise = [](const net::Request&) { return test::lost(); };
    scene.ask("call", call("CancelAll"));
    CHECK(row(scene) == "CancelAll master 0123abcd - network/unknown");
}

TEST_CASE("audit: methods that change something are rows, refused ones too") {
    Scene scene(Keys::locked, SocketKind::admin);
    scene.backend.shut_down = [] {};
    const auto asked = [&](std::string_view method, std::string_view params = "{}") {
        scene.ask(method, params);
        return row(scene);
    };
    CHECK(asked("unlock", R"({"passphrase":"wrong"})") == "unlock - - - passphrase");
    CHECK(asked("unlock", "{}") == "unlock - - - protocol");
    CHECK(asked("unlock", R"({"passphrase":"right"})") == "unlock - - - ok");
    CHECK(asked("vault.create", R"({"passphrase":"x"})") == "vault.create - - - vault");
    CHECK(asked("vault.change_passphrase", R"({"old":"a","new":"b"})") == "vault.change_passphrase - - - ok");
    CHECK(asked("vault.add_key_file", R"({"passphrase":"a","path":"/k"})") == "vault.add_key_file - - - ok");
    CHECK(
        asked("vault.remove_key_file", R"({"passphrase":"a","path":"/k"})") ==
        "vault.remove_key_file - - - ok"
    );
    CHECK(
        asked("account.add", R"({"name":"bob","api_key":"0000000b","api_secret":"eA=="})") ==
        "account.add bob 0000000b - ok"
    );
    CHECK(
        asked("account.add", R"({"name":"hunter2","api_key":"0123abcd","api_secret":"s"})") ==
        "account.add - - - protocol"
    );
    CHECK(asked("account.validate", R"({"name":"bob"})") == "account.validate bob 0000000b - ok");
    CHECK(asked("account.remove", R"({"name":"bob"})") == "account.remove bob 0000000b - ok");
    CHECK(asked("account.remove", R"({"name":"bob"})") == "account.remove - - - unknown_account");
    scene.request("1", "nonce.import", R"({"account":"master","file":"/nowhere"})");
    scene.next_reply();  // another thread looks at the file
    CHECK(row(scene) == "nonce.import master 0123abcd - protocol");
    CHECK(asked("reload") == "reload - - - ok");
    CHECK(asked("lock") == "lock - - - ok");
    CHECK(asked("shutdown") == "shutdown - - - ok");
    for (const char* method :
         {"ping", "status", "account.list", "rpc.discover", "audit.tail", "audit.verify"})
        CHECK(asked(method) == "none");
}

TEST_CASE("audit: a method with a bug is a row") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    scene.ask("shutdown", "{}");  // nothing is bound to it
    CHECK(row(scene) == "shutdown - - - protocol");
}

TEST_CASE("audit: refusals that cost nothing fill no more rows than they may") {
    Scene scene(Keys::unlocked);
    for (int count = 0; count < 80; ++count)
        scene.ask("call", call("Withdraw"));
    CHECK(scene.store.audited.size() == 50);
    // Calls that are made are not counted among them.
    scene.store.audited.clear();
    scene.upstream.otherwise = [](const net::Request&) { return test::refusal("EOrder:Insufficient funds"); };
    scene.ask("call", call("AddOrder", order));
    CHECK(row(scene) == "AddOrder master 0123abcd - funds");
    // The next one that may stand there says how many did not.
    scene.clock.advance(seconds(1));
    scene.ask("call", call("Withdraw"));
    REQUIRE(scene.store.audited.size() == 2);
    CHECK(outline(scene.store.audited[0]) == "audit.passed_over - - 30 ok");
    CHECK(outline(scene.store.audited[1]) == "Withdraw - - - forbidden");
}

TEST_CASE("audit: a budget of rows") {
    gate::RowBudget budget;
    const auto at = [](int second) { return std::chrono::microseconds(seconds(second)); };
    int taken = 0;
    for (int count = 0; count < 100; ++count)
        taken += budget.take(at(1000)) ? 1 : 0;
    CHECK(taken == 50);
    CHECK(budget.take_passed_over() == 50);
    CHECK(budget.take_passed_over() == 0);
    CHECK(budget.take(at(1001)));
    CHECK_FALSE(budget.take(at(1001)));
    CHECK(budget.take(at(1003)));
    CHECK(budget.take(at(1003)));
    CHECK_FALSE(budget.take(at(1003)));
    CHECK(budget.take_passed_over() == 2);
    // All of it is there again, and no more than that.
    taken = 0;
    for (int count = 0; count < 100; ++count)
        taken += budget.take(at(9000)) ? 1 : 0;
    CHECK(taken == 50);
}

TEST_CASE("transcript: audit.tail") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    const std::string hash(64, 'a');
    CHECK(scene.ask("audit.tail", "{}") == test::result("[]"));
    scene.store.record(
        {.at = scene.clock.time,
         .caller = {1000, 4242, "bot"},
         .what = "AddOrderBatch",
         .account = "master",
         .key = "0123abcd",
         .nonce = 1'700'000'000'000'001,
         .call_id = "0a1b2c3d-7",
         .ids = "OU22CG-KLAF2-FWUDD7,OU22CG-KLAF2-FWUDD8",
         .outcome = "placed"}
    );
    scene.store.record({.at = scene.clock.time, .caller = {0, 1, ""}, .what = "lock", .outcome = "ok"});
    const std::string first =
        R"({"row":1,"time":"2023-11-14T22:13:20.000Z","uid":1000,"pid":4242,"program":"bot",)"
        R"("what":"AddOrderBatch","account":"master","key":"0123abcd","nonce":"1700000000000001",)"
        R"("call_id":"0a1b2c3d-7","ids":["OU22CG-KLAF2-FWUDD7","OU22CG-KLAF2-FWUDD8"],"outcome":"placed",)"
        R"("hash":")" +
        hash + R"("})";
    const std::string second =
        R"({"row":2,"time":"2023-11-14T22:13:20.000Z","uid":0,"pid":1,"what":"lock","outcome":"ok","hash":")" +
        hash + R"("})";
    // The call_id of a row is one, too.
    const auto shown = [](std::string text) { return text.replace(text.find("0a1b2c3d-7"), 10, "#"); };
    CHECK(scene.ask("audit.tail", "{}") == test::result("[" + shown(first) + "," + second + "]"));
    CHECK(scene.ask("audit.tail", R"({"limit":1})") == test::result("[" + second + "]"));
    CHECK(scene.ask("audit.tail", R"({"after":1})") == test::result("[" + second + "]"));
    CHECK(scene.ask("audit.tail", R"({"account":"master"})") == test::result("[" + shown(first) + "]"));
    CHECK(scene.ask("audit.tail", R"({"account":"nobody"})") == test::result("[]"));
    const auto bad = [](std::string_view message) { return test::error(-32602, "protocol", message); };
    CHECK(scene.ask("audit.tail", R"({"limit":0})") == bad("limit must be a whole number from 1 to 10000"));
    CHECK(scene.ask("audit.tail", R"({"account":7})") == bad("account must be a string"));
    scene.store.fail_after(0);
    CHECK(scene.ask("audit.tail", "{}").contains(R"("code":-32023)"));
}

TEST_CASE("transcript: audit.verify") {
    Scene scene(Keys::locked, SocketKind::admin);
    const std::string hash(64, 'a');
    CHECK(
        scene.ask("audit.verify", "{}") ==
        test::result(R"({"rows":0,"first":0,"last":0,"hash":")" + hash + R"(","ok":true})")
    );
    scene.ask("lock", "{}");
    CHECK(
        scene.ask("audit.verify", "{}") ==
        test::result(R"({"rows":1,"first":1,"last":1,"hash":")" + hash + R"(","ok":true})")
    );
    scene.store.broken_at = 1;
    CHECK(
        scene.ask("audit.verify", "{}") ==
        test::result(R"({"rows":1,"first":1,"last":1,"hash":")" + hash + R"(","ok":false,"broken_at":1})")
    );
    scene.store.fail_after(0);
    CHECK(scene.ask("audit.verify", "{}").contains(R"("code":-32023)"));
}

TEST_CASE("transcript: the audit is not for clients") {
    Scene scene(Keys::unlocked);
    for (const std::string method : {"audit.tail", "audit.verify"})
        CHECK(
            scene.ask(method, "{}") == test::error(
                                           -32601,
                                           "protocol",
                                           method + " is not served on this socket",
                                           R"(,"remedy":"use the admin socket, admin.sock")"
                                       )
        );
}
