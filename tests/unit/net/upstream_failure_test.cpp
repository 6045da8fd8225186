// How exchanges fail: by kind, and above all whether the request may have reached the server.

#include "support/with_upstream.hpp"

#include <catch2/catch.hpp>

using namespace krakken::net;
using namespace krakken::net::test;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

// The failure of one exchange with a server that reads a request and then does `script`.
Failure failure_with(
    const TestServer::Script& script,
    std::chrono::milliseconds timeout = patience,
    std::size_t max_reply_bytes = std::size_t{1} << 20
) {
    const Authority authority;
    TestServer server(authority.issue(), [&](Peer& peer) {
        peer.read_request();
        script(peer);
    });
    UpstreamSettings settings = WithUpstream::settings(server.url(), authority);
    settings.max_reply_bytes = max_reply_bytes;
    WithUpstream client(settings);
    const Outcome outcome = client.exchange(timeout, WithUpstream::post("nonce=1"));
    if (outcome) throw std::runtime_error("the exchange succeeded: " + outcome->body);
    CHECK(server.count("open") == 1);  // nothing is sent twice
    return outcome.error();
}

}  // namespace

TEST_CASE("upstream: a server that ends without a whole reply is closed and sent", "[net]") {
    const std::string begun = GENERATE(
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot a hundred bytes",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    );
    const auto ending = GENERATE(&Peer::end, &Peer::cut, &Peer::reset);
    CAPTURE(begun);
    const Failure failure = failure_with([&](Peer& peer) {
        if (!begun.empty()) peer.send(begun);
        (peer.*ending)();
    });
    CHECK(failure.kind == FailureKind::closed);
    CHECK(failure.sent);
    CHECK_FALSE(failure.detail.empty());
}

TEST_CASE("upstream: a reply without a length that is cut is no success", "[net]") {
    const auto ending = GENERATE(&Peer::cut, &Peer::reset);
    const Failure failure = failure_with([&](Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\n\r\n{\"error\":[],\"result\":{}}");
        (peer.*ending)();
    });
    CHECK(failure.kind == FailureKind::closed);
    CHECK(failure.sent);
}

TEST_CASE("upstream: what is not HTTP is malformed", "[net]") {
    const Failure failure = failure_with([](Peer& peer) {
        peer.send("SSH-2.0-OpenSSH_9.2\r\n");
        peer.wait_for_end();
    });
    CHECK(failure.kind == FailureKind::malformed);
    CHECK(failure.sent);
}

TEST_CASE("upstream: a body over the limit is too large", "[net]") {
    const std::string header = GENERATE("Content-Length: 1001\r\n", "Transfer-Encoding: chunked\r\n", "");
    CAPTURE(header);
    const auto script = [&](Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\n" + header + "\r\n");
        if (header.starts_with("Transfer")) peer.send("3e9\r\n");
        peer.send(std::string(1001, 'x'));
        peer.wait_for_end();
    };
    const Failure failure = failure_with(script, patience, 1000);
    CHECK(failure.kind == FailureKind::too_large);
    CHECK(failure.sent);
}

TEST_CASE("upstream: a server that never answers is timed out at the deadline", "[net]") {
    const auto start = Clock::now();
    const Failure failure = failure_with([](Peer& peer) { peer.wait_for_end(); }, 300ms);
    CHECK(failure.kind == FailureKind::timed_out);
    CHECK(failure.sent);
    CHECK(Clock::now() - start >= 300ms);
    CHECK(Clock::now() - start < 5s);
}

TEST_CASE("upstream: a server that drips is timed out at the deadline", "[net]") {
    const auto start = Clock::now();
    const auto drip = [](Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        // The pause makes the drip slow; the client's deadline ends it.
        while (true) {
            peer.send("x");
            std::this_thread::sleep_for(5ms);
        }
    };
    const Failure failure = failure_with(drip, 300ms);
    CHECK(failure.kind == FailureKind::timed_out);
    CHECK(failure.sent);
    CHECK(Clock::now() - start < 5s);
}

TEST_CASE("upstream: a timed-out exchange's connection is not used again", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [](Peer& peer) {
        if (peer.number() > 1) return answer_all(peer);
        peer.wait_for_end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    CHECK(client.exchange(200ms).error().kind == FailureKind::timed_out);
    CHECK(client.exchange()->body == "connection 2");
}

TEST_CASE("upstream: a refused connection has not sent", "[net]") {
    const Authority authority;
    std::string url;
    {
        const TestServer gone(authority.issue(), answer_all);
        url = gone.url();
    }
    WithUpstream client(WithUpstream::settings(url, authority));
    const Outcome outcome = client.exchange();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == FailureKind::connect);
    CHECK_FALSE(outcome.error().sent);
    CHECK_THAT(outcome.error().detail, Catch::Contains("refused"));
}

TEST_CASE("upstream: a deadline in the past sends nothing", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), answer_all);
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    REQUIRE(client.exchange().has_value());
    const Outcome outcome = client.exchange(-1ms);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == FailureKind::timed_out);
    CHECK_FALSE(outcome.error().sent);
    CHECK(client.exchange()->body == "connection 1");
}

TEST_CASE("upstream: a name that does not exist fails to resolve", "[net]") {
    const Authority authority;
    WithUpstream client(WithUpstream::settings("https://no-such-host.invalid", authority));
    const Outcome outcome = client.exchange();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == FailureKind::resolve);
    CHECK_FALSE(outcome.error().sent);
}

TEST_CASE("upstream: a silent handshake ends with the connect timeout or the deadline", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [](Peer& peer) { peer.wait_for_end(); }, {.handshake = false});
    UpstreamSettings settings = WithUpstream::settings(server.url(), authority);
    settings.connect_timeout = GENERATE(200ms, 10'000ms);
    const auto timeout = settings.connect_timeout == 200ms ? 10'000ms : 200ms;
    WithUpstream client(settings);
    const auto start = Clock::now();
    const Outcome outcome = client.exchange(timeout);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == FailureKind::timed_out);
    CHECK_FALSE(outcome.error().sent);
    CHECK(Clock::now() - start < 5s);
}

TEST_CASE("upstream: a reply before the request is out is a reply", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [](Peer& peer) {
        if (peer.number() > 1) return answer_all(peer);
        peer.read_header();
        peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
        peer.wait_for_end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    const Outcome outcome = client.exchange(patience, WithUpstream::post(std::string(32 << 20, 'x')));
    REQUIRE(outcome.has_value());
    CHECK(outcome->status == 413);
    CHECK(client.exchange()->body == "connection 2");
}
