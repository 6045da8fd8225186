// nonce/unit_search by steps: when a refusal is waited out, when it moves a key, when it stands.

#include "nonce/unit_search.hpp"

#include <catch2/catch.hpp>

namespace {

using krakken::base::NonceUnit;
using krakken::nonce::UnitSearch;
using Step = UnitSearch::Step;
using namespace std::chrono_literals;

constexpr std::chrono::microseconds start = 5h;

}  // namespace

TEST_CASE("without a search every refusal stands") {
    UnitSearch search(1s);
    CHECK(search.on_refused(NonceUnit::microseconds, start) == Step::stand);
    CHECK(search.on_refused(NonceUnit::microseconds, start + 1h) == Step::stand);
}

TEST_CASE("two refusals a second apart move a key up, unit by unit, to the end") {
    UnitSearch search(1s);
    search.begin();
    CHECK(search.on_refused(NonceUnit::microseconds, start) == Step::wait);
    CHECK(search.wait_left(start) == 1s);
    CHECK(search.on_refused(NonceUnit::microseconds, start + 1s) == Step::move_up);
    CHECK(search.on_refused(NonceUnit::ten_nanoseconds, start + 1s) == Step::wait);
    CHECK(search.on_refused(NonceUnit::ten_nanoseconds, start + 2s) == Step::move_up);
    CHECK(search.on_refused(NonceUnit::nanoseconds, start + 2s) == Step::wait);
    CHECK(search.on_refused(NonceUnit::nanoseconds, start + 3s) == Step::stand);
    CHECK(search.on_refused(NonceUnit::nanoseconds, start + 1h) == Step::stand);
}

TEST_CASE("refusals in quick succession count as one") {
    UnitSearch search(1s);
    search.begin();
    CHECK(search.on_refused(NonceUnit::microseconds, start) == Step::wait);
    CHECK(search.on_refused(NonceUnit::microseconds, start + 10ms) == Step::wait);
    CHECK(search.on_refused(NonceUnit::microseconds, start + 999ms) == Step::wait);
    CHECK(search.wait_left(start + 999ms) == 1ms);
    CHECK(search.on_refused(NonceUnit::microseconds, start + 1s) == Step::move_up);
}

TEST_CASE("the first nonce that is taken ends the search until it is begun anew") {
    UnitSearch search(1s);
    search.begin();
    CHECK(search.on_refused(NonceUnit::microseconds, start) == Step::wait);
    search.end();
    CHECK(search.on_refused(NonceUnit::microseconds, start + 2s) == Step::stand);
    search.begin();
    CHECK(search.on_refused(NonceUnit::microseconds, start + 4s) == Step::wait);
    CHECK(search.on_refused(NonceUnit::microseconds, start + 5s) == Step::move_up);
}
