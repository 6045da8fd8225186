// gate/gateway: where it may listen, whom it answers, and what becomes of connections.

#include "gate/gateway.hpp"

#include "gate/http_origin.hpp"
#include "scene.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

namespace {

using namespace krakken;
using gate::Gateway;
using gate::HttpRequest;
using gate::parse_listen_address;
using namespace std::chrono_literals;

constexpr std::string_view any_port = "127.0.0.1:0";

// Runs the loop until it is so.
void until(test::EventLoop& loop, auto so) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!so()) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        loop.context.restart();
        loop.context.run_one_for(10ms);
    }
}

struct Client {
    Client(test::EventLoop& of, const std::string& address)
        : loop(of), socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const auto endpoint = parse_listen_address(address).value();
        REQUIRE(::connect(socket, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0);
    }
    ~Client() { hang_up(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view text) {
        REQUIRE(::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
    }
    // What has come when this is in it, or the other side has closed.
    std::string reply(std::string_view wanted) {
        std::string got;
        until(loop, [&] { return got.contains(wanted) || !take(got); });
        return got;
    }
    bool is_closed() {
        std::string rest;
        until(loop, [&] { return !take(rest); });
        return true;
    }
    void hang_up() {
        if (socket >= 0) ::close(socket);
        socket = -1;
    }

    test::EventLoop& loop;
    int socket;

private:
    // False: the other side has closed.
    bool take(std::string& got) const {
        char room[4096];
        const auto count = ::recv(socket, room, sizeof room, MSG_DONTWAIT);
        if (count > 0) got.append(room, static_cast<std::size_t>(count));
        return count > 0 || (count < 0 && errno == EAGAIN);
    }
};

struct GatewayScene : test::Scene {
    explicit GatewayScene(Gateway::Patience patience = {}, bool tls = false, std::size_t most = 10)
        : Scene(test::Keys::unlocked),
          gateway(
              backend,
              {parse_listen_address(any_port).value(), tls, folder.path() / "gateway", most},
              left,
              patience
          ) {
        REQUIRE(gateway.open());
        gateway.start();
    }
    ~GatewayScene() {
        upstream.held.open();
        gateway.drain();
        until(loop, [&] { return gateway.clients() == 0; });
        loop.poll();  // the acceptor, too, sees its end
    }

    std::unique_ptr<Client> connect() {
        const std::size_t before = gateway.clients();
        auto client = std::make_unique<Client>(loop, backend.gateway->listen);
        until(loop, [&] { return gateway.clients() > before; });
        return client;
    }
    std::string get(std::string_view path, std::string_view more = "") const {
        return "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + backend.gateway->listen + "\r\n" +
               std::string(more) + "\r\n";
    }

    account::Changes left{loop.context.get_executor()};
    Gateway gateway;
};

// The same for all, so that a test waits for one of them alone.
constexpr Gateway::Patience patient{30s, 30s, 30s, 30s, 30s};

HttpRequest request(std::vector<std::pair<std::string, std::string>> headers) {
    HttpRequest made;
    made.headers = std::move(headers);
    return made;
}

// 0: it is not refused.
unsigned refusal(
    std::vector<std::pair<std::string, std::string>> headers, std::string_view listen, bool tls
) {
    const auto hosts = gate::host_names(parse_listen_address(listen).value(), tls);
    const auto refused = gate::refuse_foreign(request(std::move(headers)), hosts);
    if (refused) CHECK(refused->close);
    return refused ? refused->status : 0;
}

unsigned refusal(std::vector<std::pair<std::string, std::string>> headers) {
    return refusal(std::move(headers), "127.0.0.1:8484", false);
}

}  // namespace

TEST_CASE("gateway: it listens on this machine alone") {
    for (const char* good : {"127.0.0.1:8484", "127.255.0.9:1", "[::1]:65535", "127.0.0.1:0"}) {
        CAPTURE(good);
        const auto address = parse_listen_address(good);
        REQUIRE(address);
        CHECK(gate::text_of(*address) == good);
    }
    for (const char* foreign :
         {"0.0.0.0:8484",
          "[::]:8484",
          "192.168.0.1:8484",
          "10.0.0.1:1",
          "128.0.0.1:1",
          "[fe80::1]:1",
          "[::ffff:127.0.0.1]:1",
          "[2001:db8::1]:443"}) {
        CAPTURE(foreign);
        const auto address = parse_listen_address(foreign);
        REQUIRE_FALSE(address);
        CHECK(address.error().starts_with("must be this machine's own address"));
    }
    for (const char* nonsense :
         {"8484",         "127.0.0.1",       "127.0.0.1:",    ":8484",          "localhost:8484",
          "::1:8484",     "[::1]",           "[::1]:",        "[::1%lo]:1",     "[127.0.0.1]:1",
          "127.0.0.1:-1", "127.0.0.1:65536", "127.0.0.1:8x",  "127.1:8484",     " 127.0.0.1:1",
          "127.0.0.1: 1", "127.0.0.1:+1",    "0x7f.0.0.1:80", "127.0.0.1:80:1", "unix:/tmp/x"}) {
        CAPTURE(nonsense);
        const auto address = parse_listen_address(nonsense);
        REQUIRE_FALSE(address);
        CHECK(address.error().contains("127.0.0.1:8484"));
    }
}

TEST_CASE("gateway: a request is for this listener") {
    for (const char* host : {"127.0.0.1:8484", "localhost:8484", "LocalHost:8484"}) {
        CAPTURE(host);
        CHECK(refusal({{"Host", host}}) == 0);
    }
    for (const char* host :
         {"",
          "127.0.0.1",
          "localhost",
          "127.0.0.1:80",
          "127.0.0.2:8484",
          "[::1]:8484",
          "evil.example:8484",
          "localhost:8484.evil.example",
          "localhost.:8484",
          "localhost:8484 ",
          "evil@localhost:8484"}) {
        CAPTURE(host);
        CHECK(refusal({{"Host", host}}) == 421);
    }
    CHECK(refusal({}) == 421);
    CHECK(refusal({{"Host", "localhost:8484"}, {"host", "localhost:8484"}}) == 421);
    CHECK(refusal({{"Host", "[::1]:8484"}}, "[::1]:8484", true) == 0);
    CHECK(refusal({{"Host", "localhost:8484"}}, "[::1]:8484", true) == 0);
}

TEST_CASE("gateway: the scheme's own port need not be named") {
    CHECK(refusal({{"Host", "localhost"}}, "127.0.0.1:80", false) == 0);
    CHECK(refusal({{"Host", "127.0.0.1"}}, "127.0.0.1:443", true) == 0);
    CHECK(refusal({{"Host", "127.0.0.1:443"}}, "127.0.0.1:443", true) == 0);
    CHECK(refusal({{"Host", "[::1]"}}, "[::1]:443", true) == 0);
    CHECK(refusal({{"Host", "127.0.0.1"}}, "127.0.0.1:80", true) == 421);
    CHECK(refusal({{"Host", "127.0.0.1"}}, "127.0.0.1:443", false) == 421);
}

TEST_CASE("gateway: what a page in a browser sends is refused") {
    const std::pair<std::string, std::string> host{"Host", "127.0.0.1:8484"};
    for (const char* origin : {"https://evil.example", "null", "", "http://127.0.0.1:8484"}) {
        CAPTURE(origin);
        CHECK(refusal({host, {"Origin", origin}}) == 403);
        CHECK(refusal({host, {"origin", origin}, {"ORIGIN", origin}}) == 403);
    }
    for (const char* site : {"cross-site", "same-site", "same-origin", ""}) {
        CAPTURE(site);
        CHECK(refusal({host, {"Sec-Fetch-Site", site}}) == 403);
    }
    CHECK(refusal({host, {"Sec-Fetch-Site", "none"}}) == 0);
    CHECK(refusal({host, {"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "none"}}) == 403);
}

TEST_CASE("gateway: what is served over TCP, and what is not") {
    GatewayScene scene;
    const auto client = scene.connect();
    const auto ask = [&](const std::string& request) {
        client->send(request);
        return client->reply("\r\n\r\n").substr(9, 3);
    };
    CHECK(ask(scene.get("/livez")) == "200");
    CHECK(ask(scene.get("/readyz")) == "200");
    CHECK(ask(scene.get("/metrics")) == "404");
    CHECK(ask(scene.get("/rpc")) == "404");
    CHECK(ask(scene.get("/")) == "404");
    scene.keeper.lock();
    CHECK(ask(scene.get("/readyz")) == "503");
}

TEST_CASE("gateway: of who may not know, nobody is told the accounts") {
    GatewayScene scene;
    const auto client = scene.connect();
    client->send(scene.get("/readyz"));
    CHECK(client->reply("unlocked").ends_with("\r\n\r\nkrakkend is unlocked\n"));
}

TEST_CASE("gateway: a private call needs a key, and without one nothing is sent") {
    GatewayScene scene;
    const std::size_t sent = scene.upstream.requests.size();
    const auto client = scene.connect();
    for (const char* key : {"", "API-Key: x\r\nAPI-Sign: y\r\n"}) {
        CAPTURE(key);
        client->send(
            "POST /0/private/Balance HTTP/1.1\r\nHost: " + scene.backend.gateway->listen + "\r\n" + key +
            "Content-Length: 7\r\n\r\nnonce=1"
        );
        CHECK(client->reply("}").ends_with(R"({"error":["EAPI:Invalid key"]})"));
    }
    CHECK(scene.upstream.requests.size() == sent);
}

TEST_CASE("gateway: a foreign request is refused before anything of it is looked at") {
    GatewayScene scene;
    const std::size_t sent = scene.upstream.requests.size();
    auto client = scene.connect();
    client->send(scene.get("/0/public/Time", "Origin: https://evil.example\r\n"));
    CHECK(client->reply("pages").starts_with("HTTP/1.1 403 "));
    CHECK(client->is_closed());
    client = scene.connect();
    client->send("GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    const std::string reply = client->reply("localhost");
    CHECK(reply.starts_with("HTTP/1.1 421 "));
    CHECK(reply.contains(scene.backend.gateway->listen));
    CHECK(scene.upstream.requests.size() == sent);
}

TEST_CASE("gateway: who drips a request, or says nothing at all, is not kept") {
    auto patience = patient;
    patience.for_a_request = 20ms;
    GatewayScene scene(patience);
    const auto silent = scene.connect();
    const auto slow = scene.connect();
    slow->send("GET /livez HT");
    CHECK(silent->is_closed());
    CHECK(slow->is_closed());
}

TEST_CASE("gateway: a connection that is kept may be idle for a while, and not for ever") {
    auto patience = patient;
    patience.for_a_request = 20ms;
    GatewayScene kept(patience);
    const auto client = kept.connect();
    client->send(kept.get("/livez"));
    CHECK(client->reply("runs").contains("\r\nConnection: keep-alive\r\n"));
    const auto silent = kept.connect();
    CHECK(silent->is_closed());  // so more than 20 ms have passed
    client->send(kept.get("/livez"));
    CHECK(client->reply("runs").contains("200 OK"));

    patience = patient;
    patience.for_the_next_request = 20ms;
    GatewayScene not_kept(patience);
    const auto idle = not_kept.connect();
    idle->send(not_kept.get("/livez"));
    CHECK(idle->reply("runs").contains("200 OK"));
    CHECK(idle->is_closed());
}

TEST_CASE("gateway: who does not begin to speak TLS is not waited for") {
    auto patience = patient;
    patience.for_a_handshake = 20ms;
    GatewayScene scene(patience, true);
    CHECK(scene.backend.gateway->url.starts_with("https://127.0.0.1:"));
    CHECK(scene.backend.gateway->ca_pem.starts_with("-----BEGIN CERTIFICATE-----"));
    const auto silent = scene.connect();
    CHECK(silent->is_closed());
    const auto plain = scene.connect();
    plain->send(scene.get("/livez"));
    CHECK_FALSE(plain->reply("HTTP/1.1").contains("HTTP/1.1"));
}

TEST_CASE("gateway: who is told that the connection closes, and keeps it open, is not waited for long") {
    auto patience = patient;
    patience.for_the_end = 20ms;
    GatewayScene scene(patience);
    const auto client = scene.connect();
    client->send(scene.get("/livez", "Connection: close\r\n"));
    CHECK(client->reply("runs").contains("200 OK"));
    until(scene.loop, [&] { return scene.gateway.clients() == 0; });
}

TEST_CASE("gateway: a call whose client has gone is seen to its end") {
    GatewayScene scene(patient);
    const std::size_t sent = scene.upstream.requests.size();
    scene.upstream.held.close();
    const auto client = scene.connect();
    client->send(scene.get("/0/public/Time"));
    until(scene.loop, [&] { return scene.upstream.requests.size() > sent; });
    client->hang_up();
    scene.loop.poll();
    CHECK(scene.gateway.clients() == 1);
    scene.upstream.held.open();
    until(scene.loop, [&] { return scene.gateway.clients() == 0; });
}

TEST_CASE("gateway: while the daemon drains, what runs is answered and nothing new is begun") {
    GatewayScene scene(patient);
    const std::size_t sent = scene.upstream.requests.size();
    scene.upstream.held.close();
    scene.upstream.then(test::answer(R"({"unixtime":1})"));
    const auto idle = scene.connect();
    const auto busy = scene.connect();
    busy->send(scene.get("/0/public/Time") + scene.get("/livez"));
    until(scene.loop, [&] { return scene.upstream.requests.size() > sent; });
    scene.gateway.drain();
    CHECK(idle->is_closed());
    until(scene.loop, [&] { return scene.gateway.clients() == 1; });
    scene.upstream.held.open();
    const std::string replies = busy->reply("never");
    CHECK(replies.contains(R"({"error":[],"result":{"unixtime":1}})"));
    CHECK(replies.contains("\r\nConnection: close\r\n"));
    CHECK_FALSE(replies.contains("krakkend runs"));
    until(scene.loop, [&] { return scene.gateway.clients() == 0; });
}

TEST_CASE("gateway: one connection too many is closed, and others are served") {
    GatewayScene scene(patient, false, 2);
    const auto one = scene.connect();
    auto two = scene.connect();
    Client three(scene.loop, scene.backend.gateway->listen);
    CHECK(three.is_closed());
    CHECK(scene.gateway.clients() == 2);
    one->send(scene.get("/livez"));
    CHECK(one->reply("runs").contains("200 OK"));
    two.reset();
    until(scene.loop, [&] { return scene.gateway.clients() == 1; });
    const auto four = scene.connect();
    four->send(scene.get("/livez"));
    CHECK(four->reply("runs").contains("200 OK"));
}

TEST_CASE("gateway: a port that is taken is named, with what to do") {
    GatewayScene scene;
    const auto address = parse_listen_address(scene.backend.gateway->listen).value();
    Gateway second(scene.backend, {address, false, scene.folder.path() / "gateway", 1}, scene.left, {});
    const auto opened = second.open();
    REQUIRE_FALSE(opened);
    CHECK(
        opened.error().message ==
        "gateway.listen: " + gate::text_of(address) + ": another program listens there"
    );
    CHECK(opened.error().remedy.contains("[gateway] listen"));
}

TEST_CASE("gateway: it is shown on both sockets, and nothing where there is none") {
    test::Scene without(test::Keys::unlocked);
    CHECK(without.ask("gateway.show", "{}") == test::result("{}"));
    GatewayScene plain;
    const std::string listen = plain.backend.gateway->listen;
    CHECK(
        plain.ask("gateway.show", "{}") ==
        test::result(R"({"listen":")" + listen + R"(","tls":false,"url":"http://)" + listen + "\"}")
    );
    GatewayScene tls({}, true);
    const std::string shown = tls.ask("gateway.show", "{}");
    CHECK(shown.contains(R"("tls":true,"url":"https://)"));
    CHECK(shown.contains(R"("ca_file":")" + (tls.folder.path() / "gateway" / "ca.pem").string()));
    CHECK(shown.contains(R"("ca_pem":"-----BEGIN CERTIFICATE-----)"));
    CHECK_FALSE(shown.contains("PRIVATE"));
}
