// kraken/api over a fake network: what is sent, and how an attempt ended.

#include "kraken/api.hpp"

#include "support/event_loop.hpp"
#include "support/fake_upstream.hpp"
#include "support/manual_clock.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using kraken::Api;
using kraken::Attempt;
using protocol::find_endpoint;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Fixture {
    test::EventLoop loop;
    test::FakeUpstream upstream{loop.context.get_executor()};
    Api api{upstream, 30s};

    Attempt get(std::string query = "") {
        return loop.run(api.call_public(*find_endpoint("Ticker"), std::move(query), steady_clock::now() + 1h)
        );
    }
};

}  // namespace

TEST_CASE("a public call is a GET with its query") {
    Fixture fixture;
    fixture.get("?pair=XBTUSD");
    const net::Request& request = fixture.upstream.requests.at(0);
    CHECK(request.method == "GET");
    CHECK(request.target == "/0/public/Ticker?pair=XBTUSD");
    CHECK(request.headers.empty());
    CHECK(request.body.empty());
}

TEST_CASE("a private call is a POST of the signed bytes") {
    const auto form = GENERATE(base::BodyForm::form, base::BodyForm::json);
    Fixture fixture;
    fixture.loop.run(fixture.api.call_private(
        *find_endpoint("Earn/Strategies"), {"the key", "the sign", "nonce=1", form}, steady_clock::now() + 1h
    ));
    const net::Request& request = fixture.upstream.requests.at(0);
    CHECK(request.method == "POST");
    CHECK(request.target == "/0/private/Earn/Strategies");
    CHECK(request.body == "nonce=1");
    const bool json = form == base::BodyForm::json;
    const std::vector<std::pair<std::string, std::string>> expected{
        {"API-Key", "the key"},
        {"API-Sign", "the sign"},
        {"Content-Type", json ? "application/json" : "application/x-www-form-urlencoded"}
    };
    CHECK(request.headers == expected);
}

TEST_CASE("how an attempt ends") {
    Fixture fixture;
    fixture.upstream.then(test::answer("[1.10]"));
    fixture.upstream.then(test::refusal("EQuery:Unknown asset pair"));
    fixture.upstream.then(test::not_sent());
    fixture.upstream.then(test::lost());
    fixture.upstream.then(net::Reply{502, "text/html", "<html>"});
    fixture.upstream.then(std::unexpected(net::Failure{net::FailureKind::timed_out, true, "too slow"}));
    fixture.upstream.then(net::Reply{429, "text/html", "<html>"});
    CHECK(fixture.api.state() == "unknown");

    const Attempt good = fixture.get();
    CHECK(good.end == Attempt::End::answered);
    CHECK(good.answer.result == "[1.10]");
    CHECK(fixture.api.state() == "reachable");
    CHECK(fixture.get().answer.errors.size() == 1);

    CHECK(fixture.get().end == Attempt::End::not_sent);
    CHECK(fixture.api.state() == "unreachable");
    const Attempt lost = fixture.get();
    CHECK(lost.end == Attempt::End::lost);
    CHECK_FALSE(lost.too_late);
    CHECK(lost.detail == "closed by the peer");
    // Somebody in front of Kraken answered; whether Kraken acted is unknown.
    const Attempt proxy = fixture.get();
    CHECK(proxy.end == Attempt::End::lost);
    CHECK(proxy.detail == "HTTP status 502");
    CHECK_FALSE(proxy.too_many);
    CHECK_FALSE(fixture.get().too_late);
    CHECK(fixture.get().too_many);
}

TEST_CASE("no request takes longer than the configured time, nor than its caller's") {
    Fixture fixture;
    const auto before = steady_clock::now();
    fixture.get();
    CHECK(fixture.upstream.deadlines.at(0) <= steady_clock::now() + 30s);
    CHECK(fixture.upstream.deadlines.at(0) >= before + 30s);
    const auto soon = before + 1s;
    fixture.loop.run(fixture.api.call_public(*find_endpoint("Time"), "", soon));
    CHECK(fixture.upstream.deadlines.at(1) == soon);
}

TEST_CASE("an attempt says whether the caller's deadline was why it failed") {
    Fixture fixture;
    fixture.upstream.then(test::not_sent());
    fixture.upstream.then(test::not_sent());
    CHECK_FALSE(fixture.get().too_late);
    CHECK(fixture.loop.run(fixture.api.call_public(*find_endpoint("Time"), "", steady_clock::now())).too_late
    );
}

TEST_CASE("only an export is answered by a file: elsewhere bytes of no sense are no success") {
    const auto type = GENERATE(as<std::string>(), "application/zip", "application/octet-stream");
    Fixture fixture;
    fixture.upstream.otherwise = [&](const net::Request&) { return net::Reply{200, type, "PK"}; };
    const auto end_of = [&](std::string_view endpoint) {
        const kraken::SignedCall call{"the key", "the sign", "nonce=1", base::BodyForm::form};
        const auto deadline = steady_clock::now() + 1h;
        return fixture.loop.run(fixture.api.call_private(*find_endpoint(endpoint), call, deadline)).end;
    };
    CHECK(end_of("AddOrder") == Attempt::End::lost);
    CHECK(end_of("Balance") == Attempt::End::lost);
    CHECK(end_of("RetrieveExport") == Attempt::End::answered);
}

TEST_CASE("Kraken's time is asked and told to the clock") {
    Fixture fixture;
    test::ManualClock wall;
    kraken::ServerClock clock(wall);
    fixture.upstream.then(test::answer(R"({"unixtime":1700003600,"rfc1123":"Tue, 14 Nov 23 23:13:20 +0000"})")
    );
    CHECK(fixture.loop.run(fixture.api.ask_time(clock)));
    CHECK(fixture.upstream.targets() == std::vector<std::string>{"/0/public/Time"});
    CHECK(fixture.upstream.deadlines.at(0) <= steady_clock::now() + 10s);
    CHECK(clock.offset() == 1h + 500ms);
}

TEST_CASE("an answer without a time tells the clock nothing") {
    const auto outcome = GENERATE(
        test::not_sent(),
        test::lost(),
        test::refusal("EService:Unavailable"),
        test::answer("{}"),
        test::answer("[1700003600]"),
        test::answer(R"({"unixtime":"1700003600"})"),
        test::answer(R"({"unixtime":1700003600.5})"),
        test::answer(R"({"unixtime":17e8})"),
        test::answer(R"({"unixtime":99999999999999999999})")
    );
    Fixture fixture;
    test::ManualClock wall;
    kraken::ServerClock clock(wall);
    fixture.upstream.then(outcome);
    CHECK_FALSE(fixture.loop.run(fixture.api.ask_time(clock)));
    CHECK_FALSE(clock.offset());
}

TEST_CASE("a pause ends when the daemon stops") {
    Fixture fixture;
    CHECK(fixture.loop.run(fixture.api.pause(0us)));
    const auto pause = fixture.loop.start(fixture.api.pause(1h));
    fixture.loop.poll();
    CHECK_FALSE(pause->has_value());
    fixture.api.stop();
    fixture.loop.run();
    CHECK(**pause == false);
    CHECK_FALSE(fixture.loop.run(fixture.api.pause(1h)));
}
