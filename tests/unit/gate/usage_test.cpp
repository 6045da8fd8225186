// gate/usage: what was spent in a day, over restarts and clocks; calls of a minute.

#include "gate/usage.hpp"
#include "support/memory_store.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <string>

using namespace krakken;
using grant::Amount;
using namespace std::chrono_literals;

namespace {

const base::Time t0{std::chrono::seconds(1'800'000'000)};

Amount usd(std::string_view text) {
    return *Amount::parse(std::string(text) + "USD");
}

struct Fixture {
    boost::asio::io_context loop{1};
    test::MemoryStore store{loop.get_executor()};
    gate::Usage usage{loop.get_executor(), store};

    std::string spent(base::Time now, const std::string& who = "bot:a", const std::string& currency = "USD") {
        return usage.spent(who, currency, now).text();
    }
};

}  // namespace

TEST_CASE("usage: what was spent counts for a day, each for itself") {
    Fixture fixture;
    fixture.usage.spend("bot:a", usd("100"), t0);
    fixture.usage.spend("bot:a", usd("0.5"), t0 + 1h);
    fixture.usage.spend("bot:b", usd("7"), t0);
    fixture.usage.spend("bot:a", *Amount::parse("3EUR"), t0);
    CHECK(fixture.spent(t0 + 2h) == "100.5");
    CHECK(fixture.spent(t0 + 2h, "bot:b") == "7");
    CHECK(fixture.spent(t0 + 2h, "bot:a", "EUR") == "3");
    CHECK(fixture.spent(t0 + 2h, "nobody") == "0");
    CHECK(fixture.spent(t0 + 24h - 1us) == "100.5");
    CHECK(fixture.spent(t0 + 24h) == "0.5");
    CHECK(fixture.spent(t0 + 25h) == "0");
}

TEST_CASE("usage: what came to nothing is given back, once and of the right amount") {
    Fixture fixture;
    fixture.usage.spend("bot:a", usd("100"), t0);
    fixture.usage.spend("bot:a", usd("100"), t0 + 1s);
    fixture.usage.spend("bot:a", usd("40"), t0 + 1s);
    fixture.usage.give_back("bot:a", usd("100"), t0 + 1s);
    CHECK(fixture.spent(t0 + 1h) == "140");
    fixture.usage.give_back("bot:a", usd("100"), t0 + 1s);
    CHECK(fixture.spent(t0 + 1h) == "140");
    CHECK(fixture.spent(t0 + 24h) == "40");
    fixture.usage.give_back("bot:a", usd("100"), t0);  // its day is over
    CHECK(fixture.spent(t0 + 24h) == "40");
}

TEST_CASE("usage: calls leave room as their minute ends") {
    Fixture fixture;
    const gate::Usage::TimePoint now{};
    const auto room = [&](unsigned limit, auto after) {
        return fixture.usage.room_for_a_call("bot:a", limit, now + after) - now;
    };
    CHECK(room(2, 0s) == 0s);
    CHECK(room(0, 0s) == 60s);
    fixture.usage.count_call("bot:a", now);
    fixture.usage.count_call("bot:a", now + 10s);
    CHECK(room(2, 20s) == 60s);
    CHECK(room(3, 20s) == 20s);
    CHECK(room(1, 20s) == 70s);
    CHECK(room(2, 60s) == 60s);
    CHECK(fixture.usage.calls("bot:a", now + 60s) == 1);
    CHECK(fixture.usage.calls("bot:b", now) == 0);
}
