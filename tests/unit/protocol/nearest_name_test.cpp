// protocol/nearest_name: what a person most likely meant.

#include "protocol/nearest_name.hpp"

#include <catch2/catch.hpp>

using krakken::protocol::nearest_name;

TEST_CASE("the nearest name is the one with the fewest edits") {
    const std::vector<std::string> known{"region", "log.level", "log.format", "kraken.ca_file"};
    CHECK(nearest_name("region", known) == "region");
    CHECK(nearest_name("regoin", known) == "region");
    CHECK(nearest_name("log.levels", known) == "log.level");
    CHECK(nearest_name("log.frmt", known) == "log.format");
    CHECK(nearest_name("", known) == "region");
    CHECK(nearest_name("x", {"only"}) == "only");
}
