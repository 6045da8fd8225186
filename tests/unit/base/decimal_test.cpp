#include "base/decimal.hpp"

#include <catch2/catch.hpp>

#include <string>

using krakken::base::Decimal;

namespace {

Decimal decimal(std::string_view text) {
    return Decimal::parse(text).value();
}

}  // namespace

TEST_CASE("decimals are read where they are plain, and nowhere else") {
    for (const char* text : {"0", "1", "0.5", "00012.3400", "123456789012345678901234567890.123456789"})
        CHECK(Decimal::parse(text).has_value());
    for (const char* text :
         {"",
          ".",
          ".5",
          "5.",
          "-1",
          "+1",
          "1e3",
          "1E3",
          "5%",
          "#5",
          "0x10",
          "1,5",
          "1 ",
          " 1",
          "1.2.3",
          "inf",
          "nan",
          "١",
          "12345678901234567890123456789012345678901"})
        CHECK_FALSE(Decimal::parse(text).has_value());
    CHECK(decimal("00012.3400").text() == "12.34");
    CHECK(decimal("0.000").text() == "0");
    CHECK(decimal("0.000").is_zero());
    CHECK(decimal("0.00000001").text() == "0.00000001");
}

TEST_CASE("decimals are rounded up where that is asked for") {
    CHECK(decimal("1.2301").rounded_up(2).text() == "1.24");
    CHECK(decimal("1.23").rounded_up(2).text() == "1.23");
    CHECK(decimal("0.999").rounded_up(2).text() == "1");
    CHECK(decimal("0.00000000000000000001").rounded_up(0).text() == "1");
    CHECK(decimal("5").rounded_up(10).text() == "5");
}

TEST_CASE("decimals are exact") {
    CHECK((decimal("0.1") + decimal("0.2")) == decimal("0.3"));
    CHECK((decimal("0.1") * decimal("0.1")).text() == "0.01");
    CHECK((decimal("33333.33333333") * decimal("0.00000003")).text() == "0.0009999999999999");
    CHECK((decimal("100") - decimal("0.00000001")).text() == "99.99999999");
    CHECK(decimal("1.0") == decimal("1"));
    CHECK(decimal("1.00000000000000000000000001") > decimal("1"));
    CHECK(decimal("9") < decimal("10"));
    CHECK(decimal("0.9") < decimal("0.10000000000000000001") + decimal("0.8"));
}
