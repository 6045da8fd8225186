// Exchanges that succeed and the life of connections, against real TLS servers on loopback.

#include "base/log.hpp"
#include "support/with_upstream.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <latch>
#include <thread>
#include <vector>

using namespace krakken;
using namespace krakken::net;
using namespace krakken::net::test;
using namespace std::chrono_literals;

TEST_CASE("upstream: a request arrives exactly and its reply comes back", "[net]") {
    const Authority authority;
    std::string seen;
    TestServer server(authority.issue(), [&](Peer& peer) {
        seen = peer.read_request();
        peer.send("HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>");
        peer.wait_for_end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    const Outcome outcome = client.exchange(patience, WithUpstream::post("nonce=1&volume=1.10000000"));
    REQUIRE(outcome.has_value());
    CHECK(outcome->status == 503);
    CHECK(outcome->content_type == "text/html");
    CHECK(outcome->body == "<html>");
    CHECK(
        seen == "POST /0/private/Balance HTTP/1.1\r\nHost: localhost:" + std::to_string(server.port()) +
                    "\r\nUser-Agent: test\r\nConnection: keep-alive\r\nContent-Length: 25\r\n\r\n"
                    "nonce=1&volume=1.10000000"
    );
}

TEST_CASE("upstream: a thousand requests share one connection", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), answer_all);
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    for (int count = 0; count < 1000; ++count) {
        const Outcome outcome = client.exchange();
        REQUIRE(outcome.has_value());
        REQUIRE(outcome->body == "connection 1");
    }
    CHECK(server.count("open") == 1);
}

TEST_CASE("upstream: the body of a large reply is whole", "[net]") {
    const Authority authority;
    const std::string body(5'000'000, 'x');
    TestServer server(authority.issue(), [&](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
        peer.send(body);
        peer.wait_for_end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    CHECK(client.exchange()->body == body);
}

TEST_CASE("upstream: a reply without a length is whole when the server ends the stream", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\n\r\nall");
        peer.end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    const Outcome outcome = client.exchange();
    REQUIRE(outcome.has_value());
    CHECK(outcome->body == "all");
}

TEST_CASE("upstream: an idle connection that the server ended costs no request", "[net]") {
    const Authority authority;
    const bool orderly = GENERATE(true, false);
    const bool seen_by_loop = GENERATE(true, false);
    CAPTURE(orderly, seen_by_loop);
    std::latch go(1);
    TestServer server(authority.issue(), [&](Peer& peer) {
        if (peer.number() > 1) return answer_all(peer);
        peer.read_request();
        peer.reply();
        go.wait();
        orderly ? peer.end() : peer.cut();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    REQUIRE(client.exchange()->body == "connection 1");
    client.context().poll_one();  // it waits for a connection
    go.count_down();
    server.wait_for("end 1");
    if (seen_by_loop) client.context().poll();
    // From inside the loop the call starts at once, before the loop can have seen the end.
    std::shared_ptr<std::optional<Outcome>> pending;
    boost::asio::post(client.context(), [&] { pending = client.start(); });
    client.run_until([&] { return pending && pending->has_value(); });
    const Outcome& outcome = **pending;
    REQUIRE(outcome.has_value());
    CHECK(outcome->body == "connection 2");
}

TEST_CASE("upstream: bytes nobody asked for end an idle connection", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [&](Peer& peer) {
        if (peer.number() > 1) return answer_all(peer);
        peer.read_request();
        peer.reply();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
        server.note("sent too much");
        peer.wait_for_end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    REQUIRE(client.exchange()->body == "connection 1");
    server.wait_for("sent too much");
    CHECK(client.exchange()->body == "connection 2");
}

TEST_CASE("upstream: a connection that the server will not keep is not used again", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n");
        peer.send(std::to_string(peer.number()));
        peer.wait_for_end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    CHECK(client.exchange()->body == "1");
    CHECK(client.exchange()->body == "2");
}

TEST_CASE("upstream: no more connections than allowed, calls wait in order", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [&](Peer& peer) {
        for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
            server.note("request " + request.substr(request.find('=') + 1));
            peer.reply();
        }
    });
    UpstreamSettings settings = WithUpstream::settings(server.url(), authority);
    settings.max_connections = 1;
    WithUpstream client(settings);
    std::vector<std::shared_ptr<std::optional<Outcome>>> outcomes;
    for (int count = 0; count < 5; ++count) {
        outcomes.push_back(client.start(patience, WithUpstream::post("n=" + std::to_string(count))));
    }
    for (const auto& outcome : outcomes) {
        client.run_until([&] { return outcome->has_value(); });
        CHECK((*outcome)->has_value());
    }
    const std::vector<std::string> expected{
        "open 1", "request 0", "request 1", "request 2", "request 3", "request 4"
    };
    CHECK(server.events() == expected);
}

TEST_CASE("upstream: a call that waits for a connection keeps its deadline", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [&](Peer& peer) {
        peer.read_request();
        server.note("request");
        peer.wait_for_end();
    });
    UpstreamSettings settings = WithUpstream::settings(server.url(), authority);
    settings.max_connections = 1;
    WithUpstream client(settings);
    const auto first = client.start(patience);
    client.run_until([&] { return server.count("request") == 1; });
    const Outcome second = client.exchange(50ms);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().kind == FailureKind::timed_out);
    CHECK_FALSE(second.error().sent);
    CHECK_FALSE(first->has_value());
}

TEST_CASE("upstream: a connection that comes free after the deadline does not send", "[net]") {
    const Authority authority;
    std::latch release(1);
    TestServer server(authority.issue(), [&](Peer& peer) {
        peer.read_request();
        server.note("request");
        release.wait();
        peer.reply();
        server.note("replied");
        if (!peer.read_request().empty()) server.note("request");
    });
    UpstreamSettings settings = WithUpstream::settings(server.url(), authority);
    settings.max_connections = 1;
    WithUpstream client(settings);
    const auto first = client.start(patience);
    client.run_until([&] { return server.count("request") == 1; });
    const auto second = client.start(300ms);
    const auto deadline = std::chrono::steady_clock::now() + 300ms;
    client.context().restart();
    client.context().poll_one();  // it waits for a connection
    release.count_down();
    server.wait_for("replied");
    // The loop reads the reply and is then held up, as by a busy machine, until the deadline has passed.
    client.context().poll_one();
    std::this_thread::sleep_until(deadline);
    client.run_until([&] { return second->has_value(); });
    REQUIRE_FALSE(second->value());
    CHECK(second->value().error().kind == FailureKind::timed_out);
    CHECK_FALSE(second->value().error().sent);
    CHECK(server.count("request") == 1);
}

TEST_CASE("upstream: warm connections are replaced before they are too old", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), answer_all);
    UpstreamSettings settings = WithUpstream::settings(server.url(), authority);
    settings.max_idle = 400ms;
    WithUpstream client(settings);
    client.upstream().keep_warm(1);
    client.run_until([&] { return server.count("end") >= 2; });
    // Each successor was there before its predecessor went.
    std::size_t open = 0;
    for (const std::string& event : server.events()) {
        open += event.starts_with("open") ? 1U : 0U;
        open -= event.starts_with("end") ? 1U : 0U;
        CHECK(open >= 1);
        CHECK(open <= 2);
    }
    const int connections = server.count("open");
    REQUIRE(client.exchange().has_value());
    CHECK(server.count("open") <= connections + 1);
    client.upstream().keep_warm(0);
    client.run_until([&] { return server.count("end") == server.count("open"); });
}

TEST_CASE("upstream: a connection is not used when it has idled too long", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), answer_all);
    UpstreamSettings settings = WithUpstream::settings(server.url(), authority);
    settings.max_idle = 50ms;
    WithUpstream client(settings);
    REQUIRE(client.exchange()->body == "connection 1");
    client.run_until([&] { return server.count("end 1") == 1; });
    CHECK(client.exchange()->body == "connection 2");
}

TEST_CASE("upstream: keeping warm does not spin against a dead port", "[net]") {
    const Authority authority;
    UpstreamSettings settings;
    {
        TestServer gone(authority.issue(), answer_all);
        settings = WithUpstream::settings(gone.url(), authority);
    }
    int failures = 0;
    base::set_log_sink(
        [&](base::LogLevel level, std::string_view event, std::initializer_list<base::LogField>) {
            CHECK(level == base::LogLevel::debug);
            failures += event == "upstream.connect_failed" ? 1 : 0;
        }
    );
    {
        WithUpstream client(settings);
        client.upstream().keep_warm(2);
        client.context().run_for(700ms);  // the first pause is a second
    }
    base::set_log_sink(nullptr);
    CHECK(failures == 2);
}

TEST_CASE("upstream: close lets running exchanges end and refuses new ones", "[net]") {
    const Authority authority;
    std::latch release(1);
    TestServer server(authority.issue(), [&](Peer& peer) {
        peer.read_request();
        server.note("request");
        release.wait();
        peer.reply();
        peer.wait_for_end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    client.upstream().keep_warm(2);
    const auto running = client.start();
    client.run_until([&] { return server.count("request") == 1; });
    client.upstream().close();
    const Outcome refused = client.exchange();
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == FailureKind::closed);
    CHECK_FALSE(refused.error().sent);
    release.count_down();
    client.run_until([&] { return running->has_value(); });
    CHECK((*running)->has_value());
    client.run_out();
}

TEST_CASE("upstream: close ends an attempt to connect and whoever waits for it", "[net]") {
    const Authority authority;
    TestServer silent(authority.issue(), [](Peer& peer) { peer.wait_for_end(); }, {.handshake = false});
    WithUpstream client(WithUpstream::settings(silent.url(), authority));
    const auto waiting = client.start();
    client.run_until([&] { return silent.count("open") == 1; });
    client.upstream().close();
    client.run_out();
    REQUIRE(waiting->has_value());
    CHECK((*waiting)->error().kind == FailureKind::closed);
    CHECK_FALSE((*waiting)->error().sent);
}

TEST_CASE("upstream: a cancelled call closes its connection", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [&](Peer& peer) {
        if (peer.number() > 1) return answer_all(peer);
        peer.read_request();
        server.note("request");
        peer.wait_for_end();
        server.note("gone");
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    boost::asio::cancellation_signal cancel;
    const auto outcome = client.start(patience, WithUpstream::get(), &cancel);
    client.run_until([&] { return server.count("request") == 1; });
    cancel.emit(boost::asio::cancellation_type::terminal);
    client.run_until([&] { return outcome->has_value() && server.count("gone") == 1; });
    REQUIRE_FALSE((*outcome)->has_value());
    CHECK((*outcome)->error().kind == FailureKind::given_up);
    CHECK((*outcome)->error().sent);
    CHECK(client.exchange()->body == "connection 2");
}

TEST_CASE("upstream: a request that is given up by its slot closes its connection", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [&](Peer& peer) {
        if (peer.number() > 1) return answer_all(peer);
        peer.read_request();
        server.note("request");
        peer.wait_for_end();
        server.note("gone");
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    boost::asio::cancellation_signal give_up;
    Request request = WithUpstream::get();
    request.give_up = give_up.slot();
    const auto outcome = client.start(patience, std::move(request));
    client.run_until([&] { return server.count("request") == 1; });
    give_up.emit(boost::asio::cancellation_type::terminal);
    client.run_until([&] { return outcome->has_value() && server.count("gone") == 1; });
    CHECK((*outcome)->error().kind == FailureKind::given_up);
    CHECK((*outcome)->error().sent);
    CHECK(client.exchange()->body == "connection 2");
    give_up.emit(boost::asio::cancellation_type::terminal);  // concerns nobody any more
    CHECK(client.exchange());
}

TEST_CASE("upstream: a request that is given up before it has a connection was not sent", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), answer_all);
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    boost::asio::cancellation_signal give_up;
    Request request = WithUpstream::get();
    request.give_up = give_up.slot();
    const auto outcome = client.start(patience, std::move(request));
    client.context().poll_one();  // it waits for a connection
    give_up.emit(boost::asio::cancellation_type::terminal);
    client.run_until([&] { return outcome->has_value(); });
    CHECK((*outcome)->error().kind == FailureKind::given_up);
    CHECK_FALSE((*outcome)->error().sent);
}

TEST_CASE("upstream: a loop that goes away with an exchange on it leaks nothing", "[net]") {
    const Authority authority;
    TestServer server(authority.issue(), [&](Peer& peer) {
        peer.read_request();
        server.note("request");
        peer.wait_for_end();
    });
    WithUpstream client(WithUpstream::settings(server.url(), authority));
    client.upstream().keep_warm(2);
    const auto outcome = client.start();
    client.run_until([&] { return server.count("request") == 1; });
    CHECK_FALSE(outcome->has_value());
}
