#include "tests/exchange/venue/money.hpp"

#include <catch2/catch.hpp>

#include "tests/exchange/venue/books.hpp"

using namespace exchange;

TEST_CASE("an amount keeps its digits and shows as many as asked") {
    CHECK(Amount::of("1.10000000").show(8) == "1.10000000");
    CHECK(Amount::of("0.00000001").show(8) == "0.00000001");
    CHECK(Amount::of("-2.5").show(0) == "-2");
    CHECK(Amount::of("-0.4").show(0) == "0");
    CHECK(Amount::of("123456789012.123456789012").show(12) == "123456789012.123456789012");
    CHECK(Amount().show(4) == "0.0000");
    CHECK(Amount::of("1011.1908877900").show(10) == "1011.1908877900");
}

TEST_CASE("what is no plain decimal, or does not fit, is no amount") {
    for (const char* text :
         {"",
          "-",
          ".5",
          "1.",
          "1e-8",
          "+1",
          " 1",
          "1 ",
          "0x1",
          "1,5",
          "--1",
          "1.2.3",
          "1234567890123",
          "0.0000000000001",
          "NaN"}) {
        CAPTURE(text);
        CHECK_FALSE(Amount::parse(text));
    }
    CHECK(Amount::parse("0000000000000001.50000000000000000000") == Amount::of("1.5"));
}

TEST_CASE("products and quotients are exact to the last place") {
    CHECK(Amount::of("30000.1").times(Amount::of("0.00000001")).show(12) == "0.000300001000");
    CHECK(Amount::of("0.1").times(Amount::of("0.2")) == Amount::of("0.02"));
    CHECK(Amount::of("1").over(Amount::of("3")).show(12) == "0.333333333333");
    CHECK(Amount::of("999999999999").times(Amount::of("999999999999")).show(0) == "999999999998000000000001");
    CHECK(Amount::of("200").percent(Amount::of("0.4")) == Amount::of("0.8"));
}

TEST_CASE("an amount is cut toward zero, raised away from it and measured in steps") {
    CHECK(Amount::of("1.29").cut(1) == Amount::of("1.2"));
    CHECK(Amount::of("1.21").raised(1) == Amount::of("1.3"));
    CHECK(Amount::of("1.2").raised(1) == Amount::of("1.2"));
    CHECK(Amount::of("-1.21").raised(1) == Amount::of("-1.3"));
    CHECK(Amount::of("30000.17").down_to(Amount::of("0.1")) == Amount::of("30000.1"));
    CHECK(Amount::of("30000.5").is_multiple_of(Amount::of("0.5")));
    CHECK_FALSE(Amount::of("30000.3").is_multiple_of(Amount::of("0.5")));
}

TEST_CASE("the audit of the books sees a balance that no ledger line explains, and overdrawn holds") {
    Ids ids(1);
    Books books(ids);
    books.open_account("alice", {{"ZUSD", Amount::of("10")}});
    CHECK(books.audit().empty());
    books.post({"alice", "ZUSD", Amount::of("-4"), Amount::of("1"), "trade", "", "T"}, Time());
    CHECK(books.audit().empty());
    CHECK(books.balance("alice", "ZUSD") == Amount::of("5"));
    books.hold("alice", "ZUSD", Amount::of("6"));
    CHECK(books.audit() == std::vector<std::string>{"alice/ZUSD: more held than owned"});
    books.release("alice", "ZUSD", Amount::of("6"));
    books.post({"alice", "ZUSD", Amount::of("-6"), {}, "trade", "", "T"}, Time());
    CHECK(
        books.audit() ==
        std::vector<std::string>{"alice/ZUSD: balance below zero", "alice/ZUSD: more held than owned"}
    );
}
