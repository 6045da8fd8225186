// Nonces, the REST counter, the public limit and lockouts: everything that counts.

#include <catch2/catch.hpp>

#include "tests/exchange/admission/lockout.hpp"
#include "tests/exchange/admission/nonce_book.hpp"
#include "tests/exchange/admission/public_limit.hpp"
#include "tests/exchange/admission/rest_counter.hpp"

using namespace exchange;
using namespace exchange::front;
using namespace std::chrono_literals;

namespace {

const Time start{std::chrono::seconds(1'700'000'000)};

}  // namespace

TEST_CASE("nonce: only digits up to 2^64-1", "[nonce]") {
    CHECK(parse_nonce("18446744073709551615") == 18446744073709551615u);
    CHECK(parse_nonce("0") == 0);
    const std::string wrong =
        GENERATE("", "18446744073709551616", "-1", "+1", "1.0", "1e3", " 1", "1 ", "0x1", "one");
    CAPTURE(wrong);
    CHECK_FALSE(parse_nonce(wrong));
}

TEST_CASE("nonce: without a window it must rise", "[nonce]") {
    NonceBook book;
    CHECK_FALSE(book.acceptable(0, 0, false));
    CHECK(book.acceptable(1, 0, false));
    book.record(100);
    CHECK_FALSE(book.acceptable(100, 0, false));
    CHECK_FALSE(book.acceptable(99, 0, false));
    CHECK(book.acceptable(101, 0, false));
    book.record(18446744073709551615u);
    CHECK_FALSE(book.acceptable(18446744073709551615u, 0, false));
    CHECK(book.highest() == 18446744073709551615u);
}

TEST_CASE("nonce: a window lets lower ones in, once", "[nonce]") {
    NonceBook book;
    book.record(100);
    CHECK(book.acceptable(90, 10, false));
    CHECK_FALSE(book.acceptable(89, 10, false));
    CHECK_FALSE(book.acceptable(100, 10, false));
    CHECK(book.acceptable(100, 10, true));
    book.record(95);
    CHECK(book.highest() == 100);
    CHECK_FALSE(book.acceptable(95, 10, false));
    CHECK(book.acceptable(95, 10, true));
    CHECK_FALSE(book.acceptable(80, 10, true));
}

TEST_CASE("nonce: a forgotten one can be used again", "[nonce]") {
    NonceBook book;
    book.record(5);
    book.record(9);
    book.forget(9);
    CHECK(book.highest() == 5);
    CHECK(book.acceptable(9, 0, false));
}

TEST_CASE("counter: maximum and decay by tier", "[counter]") {
    const auto [tier, maximum, decayed_in_10s] = GENERATE(
        table<Tier, int, int>({{Tier::starter, 15, 3}, {Tier::intermediate, 20, 5}, {Tier::pro, 20, 10}})
    );
    CAPTURE(maximum);
    RestCounter counter;
    for (int call = 0; call < maximum; ++call)
        REQUIRE(counter.charge(1, tier, 0, start));
    CHECK_FALSE(counter.charge(1, tier, 0, start));
    CHECK(counter.charge(0, tier, 0, start));
    for (int call = 0; call < decayed_in_10s; ++call)
        CHECK(counter.charge(1, tier, 0, start + 10s));
    CHECK_FALSE(counter.charge(1, tier, 0, start + 10s));
}

TEST_CASE("counter: decay comes in steps", "[counter]") {
    RestCounter counter;
    for (int call = 0; call < 10; ++call)
        REQUIRE(counter.charge(2, Tier::pro, 2000, start));
    CHECK_FALSE(counter.charge(1, Tier::pro, 2000, start + 1999ms));
    CHECK(counter.charge(2, Tier::pro, 2000, start + 2000ms));
    CHECK_FALSE(counter.charge(1, Tier::pro, 2000, start + 3999ms));
    CHECK(counter.charge(1, Tier::pro, 2000, start + 4001ms));
}

TEST_CASE("counter: many small looks do not lose decay", "[counter]") {
    const auto [tier, needed] =
        GENERATE(table<Tier, int>({{Tier::starter, 3031}, {Tier::intermediate, 2000}, {Tier::pro, 1000}}));
    RestCounter counter;
    for (int call = 0; call < RestCounter::maximum(tier); ++call)
        REQUIRE(counter.charge(1, tier, 0, start));
    for (int look = 1; look < needed; ++look)
        counter.charge(0, tier, 0, start + look * 1ms);
    CHECK(counter.charge(1, tier, 0, start + needed * 1ms));
}

TEST_CASE(
    "counter: refused calls add up to twice the maximum and a clock set back is harmless", "[counter]"
) {
    RestCounter counter;
    for (int call = 0; call < 1000; ++call)
        counter.add(1, Tier::pro, 0, start);
    CHECK(counter.thousandths() == 40000);
    CHECK_FALSE(counter.charge(1, Tier::pro, 0, start - 100s));
    CHECK_FALSE(counter.charge(1, Tier::pro, 0, start - 81s));
    CHECK(counter.charge(1, Tier::pro, 0, start - 79s));
}

TEST_CASE("public limit: by address and pair, refilled by time, off at 0", "[counter]") {
    PublicLimit limit;
    for (int call = 0; call < 100; ++call)
        CHECK(limit.charge("a", 0, 60, start));
    CHECK(limit.charge("a", 2, 60, start));
    CHECK(limit.charge("a", 2, 60, start));
    CHECK_FALSE(limit.charge("a", 2, 60, start + 900ms));
    CHECK(limit.charge("a XBTUSD", 2, 60, start));
    CHECK(limit.charge("a", 2, 60, start + 1s));
    CHECK_FALSE(limit.charge("a", 2, 60, start + 1s));
}

TEST_CASE("lockout: after refusals in a row, for a time, prolonged by calls", "[lockout]") {
    Switches switches;
    switches.lockout_after = 3;
    Lockouts lockouts;
    lockouts.failed("x", switches, start);
    lockouts.failed("x", switches, start);
    lockouts.succeeded("x");
    lockouts.failed("x", switches, start);
    lockouts.failed("x", switches, start);
    CHECK_FALSE(lockouts.locked("x", switches, start));
    lockouts.failed("x", switches, start);
    CHECK_FALSE(lockouts.locked("y", switches, start));
    CHECK(lockouts.locked("x", switches, start + 899s));
    CHECK(lockouts.locked("x", switches, start + 1700s));
    CHECK_FALSE(lockouts.locked("x", switches, start + 2600s));
}

TEST_CASE("lockout: not prolonged, and never, when switched so", "[lockout]") {
    Switches switches;
    switches.lockout_after = 1;
    switches.lockout_prolonged_by_calls = false;
    Lockouts lockouts;
    lockouts.failed("x", switches, start);
    CHECK(lockouts.locked("x", switches, start + 899s));
    CHECK_FALSE(lockouts.locked("x", switches, start + 900s));
    switches.lockout_after = 0;
    for (int call = 0; call < 1000; ++call)
        lockouts.failed("z", switches, start);
    CHECK_FALSE(lockouts.locked("z", switches, start));
}
