// account/known_ids: what finished calls have left at Kraken.

#include "account/known_ids.hpp"

#include <catch2/catch.hpp>
#include <string>

using krakken::account::KnownIds;

TEST_CASE("known ids: each is known once, and the oldest are forgotten") {
    KnownIds known;
    CHECK_FALSE(known.contains("O0"));
    constexpr int kept = 10'000;
    for (int number = 0; number < kept; ++number)
        known.add("O" + std::to_string(number));
    known.add("O0");
    CHECK(known.size() == kept);
    CHECK(known.contains("O0"));
    CHECK(known.contains("O9999"));
    known.add("O10000");
    CHECK(known.size() == kept);
    CHECK_FALSE(known.contains("O0"));
    CHECK(known.contains("O1"));
    CHECK(known.contains("O10000"));
}
