// gate over HTTP: requests in pieces, what is no request, and the daemon's own paths.

#include "protocol/limits.hpp"
#include "scene.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

namespace {

using namespace krakken;
using test::Keys;
using test::Scene;

std::string get(std::string_view target, std::string_view headers = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}

std::string post(std::string_view target, std::string_view body, std::string_view headers = "") {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string status_of(const std::string& reply) {
    return reply.starts_with("HTTP/1.1 ") ? reply.substr(9, 3) : "none";
}

std::string body_of(const std::string& reply) {
    const auto blank = reply.find("\r\n\r\n");
    return blank == std::string::npos ? "" : reply.substr(blank + 4);
}

std::string ask(Scene& scene, std::string_view request) {
    scene.write(request);
    return scene.bytes();
}

}  // namespace

TEST_CASE("http: the daemon tells whether it runs and is ready") {
    Scene open(Keys::unlocked);
    CHECK(status_of(ask(open, get("/livez"))) == "200");
    CHECK(status_of(ask(open, get("/readyz"))) == "200");
    Scene locked(Keys::locked);
    CHECK(status_of(ask(locked, get("/livez"))) == "200");
    CHECK(status_of(ask(locked, get("/readyz"))) == "503");
    Scene environment(Keys::environment);
    CHECK(status_of(ask(environment, get("/readyz"))) == "200");
    Scene partly(Keys::environment_locked);
    CHECK(status_of(ask(partly, get("/readyz"))) == "503");
}

TEST_CASE("http: metrics are of each account") {
    Scene scene(Keys::unlocked);
    const std::string metrics = body_of(ask(scene, get("/metrics")));
    CHECK(metrics.contains("\nkrakkend_unlocked 1\n"));
    CHECK(metrics.contains("\nkrakkend_clients 1\n"));
    CHECK(metrics.contains("\nkrakkend_calls_total{account=\"master\"} 0\n"));
    CHECK(metrics.ends_with("\n"));
}

TEST_CASE("http: other paths and methods are told so") {
    Scene scene(Keys::unlocked);
    CHECK(status_of(ask(scene, get("/"))) == "404");
    CHECK(status_of(ask(scene, get("/livez/"))) == "404");
    const std::string wrong = ask(scene, post("/livez", ""));
    CHECK(status_of(wrong) == "405");
    CHECK(wrong.contains("\r\nAllow: GET\r\n"));
    CHECK(status_of(ask(scene, get("/rpc"))) == "405");
    const std::string head = ask(scene, "HEAD /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(status_of(head) == "405");
    CHECK(body_of(head).empty());
    CHECK(status_of(ask(scene, get("/livez"))) == "200");
}

TEST_CASE("http: a connection is kept, unless its client wants it closed") {
    Scene scene(Keys::unlocked);
    CHECK(ask(scene, get("/livez")).contains("\r\nConnection: keep-alive\r\n"));
    CHECK(ask(scene, get("/livez")).contains("\r\nConnection: keep-alive\r\n"));
    CHECK(ask(scene, get("/livez", "Connection: close\r\n")).contains("\r\nConnection: close\r\n"));
    CHECK(scene.is_closed());
    Scene old(Keys::unlocked);
    CHECK(ask(old, "GET /livez HTTP/1.0\r\n\r\n").contains("\r\nConnection: close\r\n"));
    CHECK(old.is_closed());
}

TEST_CASE("http: requests may come in pieces, or several at once") {
    Scene scene(Keys::unlocked);
    const std::string rpc = post("/rpc", R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
    for (const char byte : rpc)
        scene.write(std::string_view(&byte, 1));
    CHECK(body_of(scene.bytes()) == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}\n");
    const std::string replies = ask(scene, rpc + get("/nothing") + rpc);
    CHECK(replies.find("200 OK") < replies.find("404 Not Found"));
    CHECK(replies.find("404 Not Found") < replies.rfind("pong"));
}

TEST_CASE("http: a body may be chunked, and may wait to be wanted") {
    Scene scene(Keys::unlocked);
    const std::string chunked =
        ask(scene,
            "POST /rpc HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            "14\r\n{\"jsonrpc\":\"2.0\",\"id\r\n13\r\n\":1,\"method\":\"ping\"\r\n1\r\n}\r\n0\r\n\r\n");
    CHECK(body_of(chunked).contains("pong"));
    const std::string header =
        "POST /rpc HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n";
    CHECK(ask(scene, header) == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(body_of(ask(scene, R"({"jsonrpc":"2.0","id":1,"method":"ping"})")).contains("pong"));
    CHECK(status_of(ask(scene, header + R"({"jsonrpc":"2.0","id":1,"method":"ping"})")) == "200");
}

TEST_CASE("http: what is no request is refused, and the connection closed") {
    struct Case {
        std::string bytes;
        std::string status;
    };
    const std::string too_much(protocol::max_request_bytes + 1, 'a');
    const auto [bytes, status] = GENERATE_REF(
        as<Case>(),
        Case{"GET\r\n\r\n", "400"},
        Case{"GET /livez HTTP/2.0\r\n\r\n", "400"},
        Case{"GET /livez HTTP/1.1\r\nno header\r\n\r\n", "400"},
        Case{"POST /rpc HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"},
        Case{"POST /rpc HTTP/1.1\r\nContent-Length: 300000\r\n\r\n", "413"},
        Case{"POST /rpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n40001\r\n" + too_much, "413"},
        Case{get("/livez", "X: " + std::string(17 * 1024, 'a') + "\r\n"), "431"}
    );
    Scene scene(Keys::unlocked);
    const std::string reply = ask(scene, bytes);
    CHECK(status_of(reply) == status);
    CHECK(reply.contains("\r\nConnection: close\r\n"));
    CHECK(scene.is_closed());
    scene.half_close();
    CHECK(scene.ended == 1);
}

TEST_CASE("http: a request that is begun must be ended, and a connection that is idle need not") {
    test::SessionBench bench(protocol::SocketKind::client, {.for_a_line = std::chrono::milliseconds(20)});
    bench.write(get("/livez"));
    CHECK(status_of(bench.bytes()) == "200");
    CHECK_FALSE(bench.is_closed());
    bench.write("GET /livez HTTP/1.1\r\n");
    while (bench.ended == 0) {
        bench.loop.context.restart();
        bench.loop.context.run_one();
    }
    CHECK(bench.is_closed());
}

TEST_CASE("http: who is told that the connection closes, and keeps it open, is not waited for long") {
    test::SessionBench bench(protocol::SocketKind::client, {.for_a_line = std::chrono::milliseconds(20)});
    bench.write("no HTTP\r\n\r\nand more\n");
    CHECK(status_of(bench.bytes()) == "400");
    CHECK(bench.ended == 0);  // what is still written is taken
    while (bench.ended == 0) {
        bench.loop.context.restart();
        bench.loop.context.run_one();
    }
    CHECK(bench.is_closed());
}

TEST_CASE("http: JSON-RPC is the same as on a line of its own") {
    Scene scene(Keys::unlocked);
    const std::string batch = body_of(
        ask(scene,
            post(
                "/rpc",
                R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"nothing"}])"
            ))
    );
    CHECK(batch.starts_with(R"([{"jsonrpc":"2.0","id":1,"result":"pong"},{"jsonrpc":"2.0","id":2,"error")"));
    const std::string call = R"({"jsonrpc":"2.0","id":1,"method":"call","params":{"endpoint":"Balance"}})";
    scene.upstream.then(test::answer(R"({"ZUSD":"1.10000000"})"));
    CHECK(
        body_of(ask(scene, post("/rpc", call))) ==
        R"({"jsonrpc":"2.0","id":1,"result":{"ZUSD":"1.10000000"}})"
        "\n"
    );
    CHECK(status_of(ask(scene, post("/rpc", R"({"jsonrpc":"2.0","method":"ping"})"))) == "204");
    CHECK(body_of(ask(scene, post("/rpc", "{"))).contains("-32700"));
    // Nothing of the admin socket is served here.
    CHECK(body_of(ask(scene, post("/rpc", R"({"jsonrpc":"2.0","id":1,"method":"lock"})"))).contains("-32601")
    );
}

TEST_CASE("http: while the daemon drains, what runs is answered and nothing new is begun") {
    Scene scene(Keys::unlocked);
    scene.upstream.held.close();
    scene.write(post("/0/private/Balance", "nonce=1") + get("/livez"));
    scene.session->drain();
    CHECK(scene.ended == 0);
    scene.upstream.held.open();
    const std::string replies = scene.bytes();
    CHECK(replies.contains(R"({"error":[],"result":{}})"));
    CHECK(replies.contains("\r\nConnection: close\r\n"));
    CHECK_FALSE(replies.contains("krakkend runs"));
    CHECK(scene.is_closed());
    CHECK(scene.ended == 1);
}
