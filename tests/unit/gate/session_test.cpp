// gate/session over a socket pair: lines in, replies out, several calls at once, and every way to end.

#include "session_bench.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <stdexcept>

namespace {

using namespace krakken;
using protocol::SocketKind;
using test::SessionBench;

std::string pong(std::string_view id) {
    return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"result":"pong"})";
}

std::string call_id_of(const std::string& reply) {
    const auto begin = reply.find(R"("call_id":")") + 11;
    return reply.substr(begin, reply.find('"', begin) - begin);
}

}  // namespace

TEST_CASE("requests of one write are answered in order") {
    SessionBench bench;
    std::string lines;
    for (int i = 0; i < 1000; ++i)
        lines += SessionBench::line(std::to_string(i), "ping");
    CHECK(bench.write(lines) == lines.size());
    const auto replies = bench.replies();
    REQUIRE(replies.size() == 1000);
    for (std::size_t i = 0; i < 1000; ++i)
        CHECK(replies[i] == pong(std::to_string(i)));
}

TEST_CASE("bytes may come one by one, with CR LF and empty lines") {
    SessionBench bench;
    for (const char c : std::string("\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n"))
        bench.write(std::string(1, c));
    CHECK(bench.replies() == std::vector{pong("1")});
    CHECK_FALSE(bench.is_closed());
}

TEST_CASE("a slow call does not hold up the next one, and its result keeps its bytes") {
    SessionBench bench;
    bench.upstream.held.close();
    bench.upstream.then(test::answer(R"({"ZUSD": "1.10000000"})"));
    bench.request("1", "call", R"({"endpoint":"Balance"})");
    bench.request("2", "ping");
    CHECK(bench.replies() == std::vector{pong("2")});
    bench.upstream.held.open();
    CHECK(
        bench.replies() ==
        std::vector<std::string>{R"({"jsonrpc":"2.0","id":1,"result":{"ZUSD": "1.10000000"}})"}
    );
}

TEST_CASE("a batch is answered by one array, in the order of its requests, when all are done") {
    SessionBench bench;
    bench.upstream.held.close();
    bench.write(R"([{"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Balance"}},)"
                R"({"jsonrpc":"2.0","id":2,"method":"ping"},{"jsonrpc":"2.0","method":"ping"},7])"
                "\n");
    CHECK(bench.replies().empty());
    bench.upstream.held.open();
    const auto replies = bench.replies();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].starts_with(
        R"([{"jsonrpc":"2.0","id":1,"result":{}},)" + pong("2") +
        R"(,{"jsonrpc":"2.0","id":null,"error":{"code":-32600)"
    ));
    CHECK(replies[0].ends_with("}]"));
}

TEST_CASE("notifications are not answered, and those that act are not executed") {
    SessionBench bench;
    bench.request("", "ping");
    bench.request("", "call", R"({"endpoint":"AddOrder"})");
    bench.write(R"([{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","method":"no"}])"
                "\n");
    bench.request("1", "ping");
    CHECK(bench.replies() == std::vector{pong("1")});
    CHECK(bench.upstream.requests.empty());
}

TEST_CASE("every error has a call_id of its own") {
    SessionBench bench;
    for (int i = 0; i < 10; ++i)
        bench.request("1", i % 2 == 0 ? "nothing" : "call", R"({"endpoint":"Nothing"})");
    std::set<std::string> ids;
    for (const auto& reply : bench.replies())
        ids.insert(call_id_of(reply));
    CHECK(ids.size() == 10);
    CHECK_FALSE(ids.contains(""));
}

TEST_CASE("a handler that throws is an internal error and the session goes on") {
    SessionBench bench(SocketKind::admin);
    bench.backend.shut_down = nullptr;
    bench.request("1", "shutdown");
    bench.request("2", "ping");
    const auto replies = bench.replies();
    REQUIRE(replies.size() == 2);
    CHECK(replies[0].contains("-32603"));
    CHECK(replies[1] == pong("2"));
}

TEST_CASE("a client that has said all it has to say still gets its answers") {
    SessionBench bench;
    bench.upstream.held.close();
    bench.request("1", "call", R"({"endpoint":"Balance"})");
    bench.half_close();
    CHECK(bench.replies().empty());
    CHECK(bench.ended == 0);
    bench.upstream.held.open();
    CHECK(bench.replies().size() == 1);
    CHECK(bench.is_closed());
    CHECK(bench.ended == 1);
}

TEST_CASE("a line that is not ended is not a request") {
    SessionBench bench;
    bench.write(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
    bench.half_close();
    CHECK(bench.replies().empty());
    CHECK(bench.is_closed());
    CHECK(bench.ended == 1);
}

TEST_CASE("an order on its way is seen to its end though its client has gone") {
    SessionBench bench;
    bench.upstream.held.close();
    bench.request("1", "call", R"({"endpoint":"AddOrder"})");
    // The reply to this one cannot be written, which ends the connection at once, but not the call.
    ::send(bench.end, "{}\n", 3, MSG_NOSIGNAL);
    bench.hang_up();
    bench.loop.poll();
    CHECK(bench.upstream.requests.size() == 1);
    CHECK(bench.ended == 0);
    bench.upstream.held.open();
    bench.loop.run();
    CHECK(bench.ended == 1);
    CHECK(bench.accounts.list().at(0)->calls() == 1);
}

TEST_CASE("a drain refuses what comes, finishes what runs, then closes") {
    SessionBench bench;
    bench.upstream.held.close();
    bench.request("1", "call", R"({"endpoint":"AddOrder"})");
    bench.session->drain();
    bench.loop.poll();
    CHECK(bench.ended == 0);
    CHECK_FALSE(bench.is_closed());
    bench.upstream.held.open();
    const auto replies = bench.replies();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].contains(R"("result")"));
    CHECK(bench.is_closed());
    CHECK(bench.ended == 1);
}

TEST_CASE(
    "while it drains, the repeat of an idempotency key is told what became of the call, and nothing new is "
    "sent"
) {
    SessionBench bench;
    const std::string_view with_key = R"({"endpoint":"AddOrder","idempotency_key":"k"})";
    bench.request("1", "call", with_key);
    const auto first = bench.replies();
    REQUIRE(first.size() == 1);
    bench.upstream.held.close();
    bench.request("2", "call", R"({"endpoint":"Balance"})");
    bench.loop.poll();
    const auto sent = bench.upstream.requests.size();
    bench.api.stop();
    bench.request("3", "call", with_key);
    bench.request("4", "call", R"({"endpoint":"AddOrder","idempotency_key":"another"})");
    bench.request("5", "call", R"({"endpoint":"AddOrder"})");
    bench.session->drain();
    bench.loop.poll();
    bench.upstream.held.open();
    std::map<std::string, std::string> by_id;
    for (const std::string& reply : bench.replies())
        by_id.emplace(reply.substr(reply.find("\"id\":") + 5, 1), reply);
    CHECK(by_id["3"].contains(R"("result")"));
    CHECK(by_id["4"].contains("-32024"));
    CHECK(by_id["5"].contains("-32024"));
    CHECK(bench.upstream.requests.size() == sent);
    CHECK(bench.is_closed());
}

TEST_CASE("an idle session drains at once") {
    SessionBench bench;
    bench.loop.poll();
    bench.session->drain();
    CHECK(bench.is_closed());
    CHECK(bench.ended == 1);
}

TEST_CASE("the vault is locked and unlocked on the admin socket only") {
    SessionBench bench(SocketKind::admin);
    bench.request("1", "lock");
    CHECK(
        bench.replies() == std::vector<std::string>{R"({"jsonrpc":"2.0","id":1,"result":{"state":"locked"}})"}
    );
    bench.request("2", "unlock", R"({"passphrase":"wrong"})");
    CHECK(bench.replies().at(0).contains("-32006"));
    bench.request("3", "unlock", R"({"passphrase":"right"})");
    CHECK(
        bench.replies() ==
        std::vector<std::string>{R"({"jsonrpc":"2.0","id":3,"result":{"state":"unlocked","accounts":1}})"}
    );
    SessionBench client;
    client.request("1", "lock");
    CHECK(client.replies().at(0).contains("-32601"));
    CHECK(client.keeper.vault == keeper::VaultState::unlocked);
}

TEST_CASE("a vault file that was exchanged and is read again is what names mean") {
    const auto [method, params] = GENERATE(table<std::string, std::string>(
        {{"unlock", R"({"passphrase":"right"})"},
         {"unlock", R"({"key_file":"/run/key"})"},
         {"vault.change_passphrase", R"({"old":"right","new":"right"})"},
         {"vault.add_key_file", R"({"passphrase":"right","path":"/run/key"})"},
         {"vault.remove_key_file", R"({"passphrase":"right","path":"/run/key"})"}}
    ));
    CAPTURE(method, params);
    SessionBench bench(SocketKind::admin);
    bench.keeper.saved.clear();
    bench.keeper.hold("old", "0123abcd");
    bench.keeper.hold("master", "89abcdef");
    bench.request("1", method, params);
    REQUIRE(bench.replies().at(0).contains(R"("result")"));
    CHECK((*bench.accounts.find("master"))->info().key == base::KeyId("89abcdef"));
    REQUIRE(bench.accounts.find("old"));
    CHECK((*bench.accounts.find("old"))->info().key == base::KeyId("0123abcd"));
}

TEST_CASE("a call that a bug ends may have been executed") {
    SessionBench bench;
    bench.upstream.otherwise = [](const net::Request&) -> test::FakeUpstream::Outcome {
        throw std::runtime_error("a bug after the order has left");
    };
    bench.request("1", "call", R"({"endpoint":"AddOrder"})");
    const auto replies = bench.replies();
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].contains("-32603"));
    CHECK(replies[0].contains(R"("executed":"unknown")"));
}
