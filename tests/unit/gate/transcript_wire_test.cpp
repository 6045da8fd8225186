// Request line, reply line: what the envelope, batches and notifications are answered with, on both sockets.

#include "scene.hpp"

#include "protocol/limits.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using protocol::SocketKind;
using test::error;
using test::Keys;
using test::result;
using test::Scene;

struct Row {
    std::string line;
    std::string reply;
};

std::string deep(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

}  // namespace

TEST_CASE("transcript: what is no request") {
    const auto socket = GENERATE(SocketKind::client, SocketKind::admin);
    const std::string not_a_request = "a request must be an object that names no member twice";
    const auto [line, reply] = GENERATE_COPY(values<Row>({
        {"{", error(-32700, "protocol", "not JSON", "", "null")},
        {" nul", error(-32700, "protocol", "not JSON", "", "null")},
        {"{}{}", error(-32700, "protocol", "not JSON", "", "null")},
        {deep(33), error(-32700, "protocol", "nested deeper than 32", "", "null")},
        {R"({"jsonrpc":"2.0","id":1,"method":"ping","x":)" + deep(32) + "}",
         error(-32700, "protocol", "nested deeper than 32", "", "null")},
        {"1", error(-32600, "protocol", not_a_request, "", "null")},
        {" null", error(-32600, "protocol", not_a_request, "", "null")},
        {R"("ping")", error(-32600, "protocol", not_a_request, "", "null")},
        {R"({"jsonrpc":"2.0","id":1,"id":1,"method":"ping"})",
         error(-32600, "protocol", not_a_request, "", "null")},
        {"{}", error(-32600, "protocol", R"(jsonrpc must be \"2.0\")", "", "null")},
        {R"({"id":1,"method":"ping"})", error(-32600, "protocol", R"(jsonrpc must be \"2.0\")")},
        {R"({"jsonrpc":2.0,"id":1,"method":"ping"})", error(-32600, "protocol", R"(jsonrpc must be \"2.0\")")
        },
        {R"({"jsonrpc":"2.0","id":1})", error(-32600, "protocol", "a request needs a method, a string")},
        {R"({"jsonrpc":"2.0","id":1,"method":null})",
         error(-32600, "protocol", "a request needs a method, a string")},
        {R"({"jsonrpc":"2.0","id":[],"method":"ping"})",
         error(-32600, "protocol", "id must be a string, a number or null", "", "null")},
        {R"({"jsonrpc":"2.0","id":1,"method":"Ping"})", error(-32601, "protocol", "there is no such method")},
        {R"({"jsonrpc":"2.0","id":1,"method":"subscribe"})",
         error(-32601, "protocol", "there is no such method")},
        {"[]", error(-32600, "protocol", "an empty batch", "", "null")},
    }));
    CAPTURE(line);
    Scene scene(Keys::unlocked, socket);
    CHECK(scene.ask(line) == reply);
    CHECK(scene.ask("ping", "{}") == result(R"("pong")"));  // the connection stays
}

TEST_CASE("transcript: parameters go by name, each known and given once") {
    const auto socket = GENERATE(SocketKind::client, SocketKind::admin);
    const std::string by_name = "params must be an object: parameters go by name only";
    const auto [params, reply] = GENERATE_COPY(values<Row>({
        {"{}", result(R"("pong")")},
        {"null", error(-32602, "protocol", by_name)},
        {"[]", error(-32602, "protocol", by_name)},
        {R"(["x"])", error(-32602, "protocol", by_name)},
        {"7", error(-32602, "protocol", by_name)},
        {R"({"x":1})", error(-32602, "protocol", "ping has no such parameter; it takes none")},
        {R"({"x":1,"x":1})", error(-32602, "protocol", "params name a member twice")},
    }));
    CAPTURE(params);
    Scene scene(Keys::unlocked, socket);
    CHECK(scene.ask("ping", params) == reply);
}

TEST_CASE("transcript: the id comes back as it was written") {
    const auto id = GENERATE(
        as<std::string>(),
        "1.0",
        "1e2",
        "-0",
        "null",
        R"("")",
        R"("\u0041\"\\\n")",
        "123456789012345678901234567890.5"
    );
    Scene scene(Keys::unlocked);
    const std::string reply = R"({"jsonrpc":"2.0","id":)" + id;
    CHECK(
        scene.ask(R"({"id":)" + id + R"(,"jsonrpc":"2.0","method":"ping"})") == reply + R"(,"result":"pong"})"
    );
    CHECK(
        scene.ask(R"({"id":)" + id + R"(,"jsonrpc":"2.0","method":"x"})").starts_with(reply + R"(,"error":{)")
    );
}

TEST_CASE("transcript: members of the envelope that mean nothing are passed over") {
    Scene scene(Keys::unlocked);
    CHECK(scene.ask(R"({"jsonrpc":"2.0","id":1,"method":"ping","trace":{"a":1}})") == result(R"("pong")"));
}

TEST_CASE("transcript: a method of the other socket") {
    for (const auto& method : protocol::methods()) {
        if (method.served == protocol::Served::on_both) continue;
        const bool admin = method.served == protocol::Served::on_admin;
        Scene scene(Keys::unlocked, admin ? SocketKind::client : SocketKind::admin);
        const std::string remedy =
            admin ? "use the admin socket, admin.sock" : "use the client socket, krakkend.sock";
        CHECK(
            scene.ask(method.name, "{}") == error(
                                                -32601,
                                                "protocol",
                                                std::string(method.name) + " is not served on this socket",
                                                R"(,"remedy":")" + remedy + '"'
                                            )
        );
    }
}

TEST_CASE("transcript: batches") {
    const auto socket = GENERATE(SocketKind::client, SocketKind::admin);
    const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
    const std::string pong = result(R"("pong")");
    const std::string invalid =
        error(-32600, "protocol", "a request must be an object that names no member twice", "", "null");
    std::string many = ping;
    for (int i = 1; i < 65; ++i)
        many += ',' + ping;
    const auto [line, reply] = GENERATE_COPY(values<Row>({
        {"[" + ping + "]", "[" + pong + "]"},
        {" [ " + ping + " , " + ping + " ] ", "[" + pong + "," + pong + "]"},
        {"[1,[],[" + ping + "],null]", "[" + invalid + "," + invalid + "," + invalid + "," + invalid + "]"},
        {"[" + ping + R"(,{"jsonrpc":"2.0","method":"ping"},{"id":1}])",
         "[" + pong + "," + error(-32600, "protocol", R"(jsonrpc must be \"2.0\")") + "]"},
        {"[" + many + "]", error(-32600, "protocol", "a batch holds at most 64 requests", "", "null")},
        {R"([{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","method":"nothing"}])", "0 replies"},
        {"[" + ping, error(-32700, "protocol", "not JSON", "", "null")},
    }));
    CAPTURE(line);
    Scene scene(Keys::unlocked, socket);
    CHECK(scene.ask(line) == reply);
    CHECK(scene.ask("ping", "{}") == pong);
}

TEST_CASE("transcript: notifications get no answer, and those that act do nothing") {
    Scene scene(Keys::unlocked, SocketKind::admin);
    bool stopped = false;
    scene.backend.shut_down = [&] { stopped = true; };
    scene.backend.reload = []() -> protocol::Result<gate::Reloaded> {
        throw std::logic_error("it was executed");
    };
    for (const auto& method : protocol::methods()) {
        if (!protocol::is_served(method, SocketKind::admin)) continue;
        std::string params = "{}";
        if (method.name == "unlock") params = R"({"passphrase":"right"})";
        if (method.name.starts_with("account.") && method.name != "account.list")
            params = R"({"name":"master"})";
        scene.request("", method.name, params);
    }
    CHECK(scene.replies().empty());
    CHECK_FALSE(stopped);
    CHECK(scene.keeper.saved.size() == 1);
    CHECK(scene.keeper.vault == keeper::VaultState::unlocked);
    Scene client(Keys::unlocked);
    for (const char* endpoint : {"AddOrder", "CancelAll", "Withdraw", "Balance", "Time", "Nothing"})
        client.request("", "call", R"({"endpoint":")" + std::string(endpoint) + "\"}");
    CHECK(client.replies().empty());
    CHECK(client.upstream.requests.empty());
}

TEST_CASE("transcript: what ends the connection") {
    const auto socket = GENERATE(SocketKind::client, SocketKind::admin);
    const auto [line, reply] = GENERATE_COPY(values<Row>({
        {"{\"\xFF\":1}", error(-32700, "protocol", "not UTF-8; the connection is closed", "", "null")},
        {std::string(protocol::max_request_bytes + 1, ' '),
         error(
             -32700, "protocol", "a request is longer than 262144 bytes; the connection is closed", "", "null"
         )},
        {std::string(protocol::max_request_bytes + 9, ' '),
         error(
             -32700, "protocol", "a request is longer than 262144 bytes; the connection is closed", "", "null"
         )},
    }));
    Scene scene(Keys::unlocked, socket);
    CHECK(scene.ask(line) == reply);
    CHECK(scene.is_closed());
}

TEST_CASE("transcript: a client's first byte tells whether it speaks HTTP") {
    Scene scene(Keys::unlocked);
    scene.write("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(scene.bytes().starts_with("HTTP/1.1 200 OK\r\n"));
    scene.half_close();
    CHECK(scene.ended == 1);
    // Only the first byte tells, and only on the client socket.
    Scene later(Keys::unlocked);
    CHECK(later.ask("ping", "{}") == result(R"("pong")"));
    CHECK(later.ask("GET / HTTP/1.1\r") == error(-32700, "protocol", "not JSON", "", "null"));
    Scene admin(Keys::unlocked, SocketKind::admin);
    CHECK(admin.ask("GET / HTTP/1.1\r") == error(-32700, "protocol", "not JSON", "", "null"));
}
