// kraken/server_clock by tables: whose time is followed, and when Kraken is asked again.

#include "kraken/server_clock.hpp"

#include "base/log.hpp"
#include "support/manual_clock.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using namespace krakken;
using kraken::ServerClock;
using std::chrono::microseconds;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;

struct Fixture {
    Fixture() {
        base::set_log_sink([this](base::LogLevel, std::string_view event, auto) {
            events.emplace_back(event);
        });
    }
    ~Fixture() { base::set_log_sink(nullptr); }

    // Kraken's own time, which goes on with what has passed and does not care for our wall clock.
    base::Time kraken_time() const { return kraken_at_start + (wall.passed - passed_at_start); }
    void observe() {
        clock.observe(std::chrono::floor<std::chrono::seconds>(kraken_time()), wall.passed, wall.passed);
    }
    // As near as whole seconds allow.
    bool follows_kraken() const { return std::chrono::abs(clock.now() - kraken_time()) <= 1s; }
    bool follows_wall() const { return clock.now() == wall.time; }

    test::ManualClock wall;
    ServerClock clock{wall};
    base::Time kraken_at_start = wall.time;
    microseconds passed_at_start = wall.passed;
    std::vector<std::string> events;
};

}  // namespace

TEST_CASE("before Kraken has told its time the wall clock counts, whatever it says") {
    Fixture fixture;
    CHECK(fixture.follows_wall());
    CHECK_FALSE(fixture.clock.offset());
    fixture.wall.time -= 24h;
    CHECK(fixture.follows_wall());
    CHECK(fixture.clock.elapsed() == fixture.wall.passed);
    CHECK(fixture.events.empty());
}

TEST_CASE("a wall clock that is right, or nearly, is followed") {
    const auto difference = GENERATE(0s, 1s, -30s, 59s, -59s);
    Fixture fixture;
    fixture.kraken_at_start += difference;
    fixture.observe();
    fixture.wall.advance(1h);
    CHECK(fixture.follows_wall());
    REQUIRE(fixture.clock.offset());
    CHECK(std::chrono::abs(*fixture.clock.offset() - difference) <= 1s);
    CHECK(fixture.events.empty());
}

TEST_CASE("a wall clock that was wrong from the start is not followed") {
    const auto difference = GENERATE(as<std::chrono::seconds>(), 62s, -62s, 1h, -24h, 24h * 365);
    Fixture fixture;
    fixture.kraken_at_start += difference;
    fixture.observe();
    CHECK(fixture.events == std::vector<std::string>{"clock.off"});
    CHECK(fixture.follows_kraken());
    CHECK(std::chrono::abs(*fixture.clock.offset() - difference) <= 1s);
    fixture.wall.advance(5min);
    CHECK(fixture.follows_kraken());
}

TEST_CASE("what happens to the wall clock after Kraken has told its time does no harm") {
    const auto step = GENERATE(as<std::chrono::seconds>(), -1h, 24h, -61s, 61s);
    CAPTURE(step.count());
    Fixture fixture;
    fixture.observe();
    fixture.wall.advance(3min);
    fixture.wall.time += step;
    CHECK(fixture.follows_kraken());
    CHECK_FALSE(fixture.follows_wall());
    CHECK(std::chrono::abs(*fixture.clock.offset() + step) <= 1s);
    fixture.wall.advance(3min);
    CHECK(fixture.follows_kraken());
    CHECK(fixture.events == std::vector<std::string>{"clock.off"});

    fixture.wall.time -= step;
    CHECK(fixture.follows_wall());
    CHECK(fixture.events == std::vector<std::string>{"clock.off", "clock.back"});
}

TEST_CASE("a frozen wall clock is followed for a minute and no longer") {
    Fixture fixture;
    fixture.observe();
    fixture.wall.passed += 30s;
    CHECK(fixture.follows_wall());
    fixture.wall.passed += 40s;
    CHECK(fixture.follows_kraken());
    fixture.wall.passed += 24h;
    CHECK(fixture.follows_kraken());
}

TEST_CASE("a machine that slept a night has both clocks right") {
    Fixture fixture;
    fixture.observe();
    fixture.wall.advance(8h);
    CHECK(fixture.follows_wall());
    CHECK(fixture.follows_kraken());
}

TEST_CASE("the answer is taken for the middle of its round trip") {
    Fixture fixture;
    const microseconds before = fixture.wall.passed;
    fixture.wall.advance(4s);
    const sys_seconds told = std::chrono::floor<std::chrono::seconds>(fixture.kraken_at_start) + 1h;
    fixture.clock.observe(told, before, fixture.wall.passed);
    // The middle of the second that was told, and the two seconds of the way back.
    CHECK(fixture.clock.now() == told + 500ms + 2s);
}

TEST_CASE("an answer that cannot be is ignored") {
    Fixture fixture;
    const microseconds now = fixture.wall.passed;
    const auto year = [](int number) {
        return sys_seconds(std::chrono::sys_days(std::chrono::year(number) / 1 / 1));
    };
    fixture.clock.observe(year(2030), now - 10'001ms, now);  // too long on its way
    fixture.clock.observe(year(2030), now, now - 1ms);
    fixture.clock.observe(year(2019), now, now);
    fixture.clock.observe(sys_seconds(0s), now, now);
    fixture.clock.observe(year(2100), now, now);
    fixture.clock.observe(sys_seconds::max(), now, now);
    fixture.clock.observe(sys_seconds::min(), now, now);
    CHECK_FALSE(fixture.clock.offset());
    CHECK(fixture.follows_wall());
    fixture.clock.observe(year(2030), now - 10s, now);
    CHECK(fixture.clock.offset());
}

TEST_CASE("Kraken is asked again ten minutes after it last told its time, and once a minute until it does") {
    Fixture fixture;
    CHECK_FALSE(fixture.clock.take_ask());  // at the start an unlock asks
    fixture.wall.advance(9min);
    fixture.observe();
    fixture.wall.advance(9min);
    CHECK_FALSE(fixture.clock.take_ask());
    fixture.wall.advance(1min);
    CHECK(fixture.clock.take_ask());
    CHECK_FALSE(fixture.clock.take_ask());
    fixture.wall.advance(1min);
    CHECK(fixture.clock.take_ask());
    fixture.observe();
    fixture.wall.advance(9min);
    CHECK_FALSE(fixture.clock.take_ask());
}

TEST_CASE("a wall clock that steps makes Kraken be asked at once") {
    Fixture fixture;
    fixture.observe();
    fixture.wall.time += 59s;
    CHECK_FALSE(fixture.clock.take_ask());
    fixture.wall.time += 1h;
    CHECK(fixture.clock.take_ask());
    CHECK_FALSE(fixture.clock.take_ask());
    fixture.observe();  // the clock is still wrong, but that is known now
    fixture.wall.advance(2min);
    CHECK_FALSE(fixture.clock.take_ask());
}
