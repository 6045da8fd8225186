// gate/facade: Kraken's own paths. What reaches Kraken, and what a client that knows only Kraken is told.

#include "scene.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace {

using namespace krakken;
using test::Keys;
using test::Scene;

constexpr std::string_view form = "application/x-www-form-urlencoded; charset=utf-8";

struct Client : Scene {
    explicit Client(Keys keys = Keys::unlocked) : Scene(keys) {}

    std::string send(std::string_view request) {
        write(request);
        return bytes();
    }
    std::string post(
        std::string_view name, std::string_view body, std::string_view type = form, std::string more = ""
    ) {
        return send(
            "POST /0/private/" + std::string(name) +
            " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + std::string(type) +
            "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more + "\r\n" + std::string(body)
        );
    }
    std::string get(std::string_view target) {
        return send("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    // What Kraken was sent last, with N for the nonce.
    std::string sent() const {
        std::string body = upstream.requests.back().body;
        const std::string nonce = std::to_string(upstream.nonces().back());
        return body.replace(body.find(nonce), nonce.size(), "N");
    }
};

std::string body_of(const std::string& reply) {
    return reply.substr(reply.find("\r\n\r\n") + 4);
}

std::string error(std::string_view text) {
    return R"({"error":[")" + std::string(text) + R"("]})";
}

}  // namespace

TEST_CASE("facade: a public call goes to Kraken, and its result comes back as it is") {
    Client client;
    client.upstream.then(test::answer(R"({"XXBTZUSD":{"a":["30300.10000","1","1.000"]}})"));
    const std::string reply = client.get("/0/public/Ticker?pair=XBT%2FUSD&x=a+b");
    CHECK(body_of(reply) == R"({"error":[],"result":{"XXBTZUSD":{"a":["30300.10000","1","1.000"]}}})");
    CHECK(reply.contains("\r\nContent-Type: application/json\r\n"));
    CHECK(reply.contains("\r\nX-Krakkend-Call: "));
    CHECK(client.upstream.targets().back() == "/0/public/Ticker?pair=XBT%2FUSD&x=a%20b");
}

TEST_CASE("facade: a private body reaches Kraken as it was written, but for the nonce") {
    Client client;
    client.post("Balance", "nonce=17");
    CHECK(client.sent() == "nonce=N");
    client.post("OpenOrders", "trades=true&nonce=17&start=%31&x=a+b");
    CHECK(client.sent() == "trades=true&nonce=N&start=%31&x=a+b");
    client.post("OpenOrders", R"({ "trades":true, "nonce": "17" })", "application/json");
    CHECK(client.sent() == R"({ "trades":true, "nonce": "N" })");
    client.post("Balance", "");
    CHECK(client.sent() == "nonce=N");
    CHECK(client.upstream.nonces().size() == 4);
}

TEST_CASE("facade: an order gets its tag and deadline, and is sent once") {
    Client client;
    client.tell_time();
    client.upstream.then(test::answer(R"({"descr":{"order":"x"},"txid":["OAAAAA-AAAAA-AAAAAA"]})"));
    client.write(
        "POST /0/private/AddOrder HTTP/1.1\r\nContent-Length: 62\r\n\r\n"
        "nonce=17&pair=XBTUSD&type=buy&ordertype=limit&volume=1&price=5"
    );
    std::string reply;
    while (reply.empty()) {  // the intent is written down first
        client.loop.context.restart();
        client.loop.context.run_one_for(std::chrono::milliseconds(10));
        reply = client.bytes();
    }
    CHECK(
        body_of(reply) == R"({"error":[],"result":{"descr":{"order":"x"},"txid":["OAAAAA-AAAAA-AAAAAA"]}})"
    );
    CHECK(client.sent().starts_with("nonce=N&pair=XBTUSD&type=buy&ordertype=limit&volume=1&price=5&"));
    CHECK(client.sent().contains("&userref="));
    CHECK(client.sent().contains("&deadline="));
}

TEST_CASE("facade: what Kraken refuses is told in Kraken's words") {
    Client client;
    client.upstream.then(test::answer("", {"EOrder:Insufficient funds", "EGeneral:Invalid arguments:volume"})
    );
    CHECK(
        body_of(client.post("QueryOrders", "nonce=1&txid=O")) ==
        R"({"error":["EOrder:Insufficient funds","EGeneral:Invalid arguments:volume"]})"
    );
}

TEST_CASE("facade: what the daemon refuses is told as Kraken would, and nothing is sent") {
    Client client;
    CHECK(body_of(client.get("/0/public/Nothing")) == error("EGeneral:Unknown method"));
    CHECK(body_of(client.get("/0/public/Balance")) == error("EGeneral:Unknown method"));
    CHECK(body_of(client.get("/0/private/Balance")) == error("EGeneral:Unknown method"));
    CHECK(body_of(client.post("Ticker", "nonce=1")) == error("EGeneral:Unknown method"));
    CHECK(body_of(client.post("Balance?nonce=1", "nonce=1")) == error("EGeneral:Invalid arguments"));
    CHECK(body_of(client.post("Balance", "nonce=1", "text/plain")) == error("EGeneral:Invalid arguments"));
    CHECK(body_of(client.post("Balance", "nonce=1&a=1&a=2")) == error("EGeneral:Invalid arguments"));
    CHECK(body_of(client.post("Balance", "[", "application/json")) == error("EGeneral:Invalid arguments"));
    CHECK(body_of(client.post("Balance", "nonce=x")) == error("EAPI:Invalid nonce"));
    CHECK(body_of(client.post("Withdraw", "nonce=1&asset=XBT")) == error("EGeneral:Permission denied"));
    CHECK(body_of(client.post("GetWebSocketsToken", "nonce=1")) == error("EGeneral:Permission denied"));
    CHECK(
        body_of(client.post("AddOrder", "nonce=1&leverage=5", form)) == error("EGeneral:Permission denied")
    );
    const std::string no_bot = client.post("Balance", "nonce=1", form, "API-Key: abc\r\n");
    CHECK(body_of(no_bot) == error("EAPI:Invalid key"));
    CHECK(no_bot.contains("\r\nX-Krakkend-Call: "));
    CHECK(client.upstream.requests.empty());
}

TEST_CASE("facade: who may not place an order, but tried, stands in the audit") {
    Client client;
    client.post("AddOrder", "nonce=1&pair=XBTUSD", form, "API-Key: abc\r\n");
    client.post("Balance", "nonce=1", form, "API-Key: abc\r\n");
    REQUIRE(client.store.audited.size() == 1);
    CHECK(client.store.audited[0].what == "AddOrder");
    CHECK(client.store.audited[0].outcome == "auth");
}

TEST_CASE("facade: without a key the service is unavailable") {
    Client client(GENERATE(Keys::none, Keys::locked));
    CHECK(body_of(client.post("Balance", "nonce=1")) == error("EService:Unavailable"));
    CHECK(client.upstream.requests.empty());
}

TEST_CASE("facade: what may have been executed has no text at all, and the connection is closed") {
    Client client;
    client.tell_time();
    client.upstream.otherwise = [](const net::Request&) { return test::lost(); };
    const std::string reply = client.post("CancelOrder", "nonce=1&userref=5");
    CHECK(reply.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"));
    CHECK(reply.contains("\r\nContent-Length: 0\r\n"));
    CHECK(body_of(reply).empty());
    CHECK(client.is_closed());
}

TEST_CASE("facade: an export comes as the file that it is") {
    Client client;
    const std::string zip("PK\x03\x04\0\xff", 6);
    client.upstream.then(net::Reply{200, "application/zip", zip});
    const std::string reply = client.post("RetrieveExport", "nonce=1&id=X");
    CHECK(reply.contains("\r\nContent-Type: application/zip\r\n"));
    CHECK(body_of(reply) == zip);
    client.upstream.then(test::refusal("EExport:Not ready"));
    CHECK(body_of(client.post("RetrieveExport", "nonce=1&id=X")) == error("EExport:Not ready"));
}
