// account/key_check: what is said about a key that Kraken described.

#include "account/key_check.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace {

using krakken::account::judge_key;

const std::string usual =
    R"(["query-funds","query-open-trades","query-closed-trades","modify-trades","close-trades"])";

std::vector<std::string> warnings(const std::string& permissions, const std::string& rest) {
    const auto judgement = judge_key("{\"permissions\":" + permissions + rest + "}");
    REQUIRE(judgement);
    return judgement->warnings;
}

bool one_with(const std::vector<std::string>& all, std::string_view part) {
    return std::ranges::count_if(all, [part](const std::string& text) { return text.contains(part); }) == 1;
}

}  // namespace

TEST_CASE("a key as it should be raises no warning") {
    CHECK(warnings(usual, R"(,"nonceWindow":0,"ipAllowlist":["192.0.2.1"])").empty());
    CHECK(warnings(usual, R"(,"ipAllowlist":["192.0.2.1"])").empty());
}

TEST_CASE("what is missing or too much is said") {
    const std::string good = R"(,"nonceWindow":0,"ipAllowlist":["192.0.2.1"])";
    CHECK(one_with(warnings(R"(["query-funds"])", good), "Create & modify orders"));
    CHECK(warnings("[]", good).size() == 5);
    const std::string withdraw = R"(["withdraw-funds",)" + usual.substr(1);
    CHECK(one_with(warnings(withdraw, good), "withdraw"));
    CHECK(one_with(warnings(usual, R"(,"nonceWindow":10000,"ipAllowlist":["192.0.2.1"])"), "nonce window"));
    CHECK(one_with(warnings(usual, R"(,"nonceWindow":0,"ipAllowlist":[])"), "every address"));
    CHECK(one_with(warnings(usual, R"(,"nonceWindow":0)"), "every address"));
}

TEST_CASE("permissions are Kraken's own words") {
    CHECK(
        judge_key(R"({"permissions":["a\u0062",1,"c"]})")->permissions == std::vector<std::string>{"ab", "c"}
    );
}

TEST_CASE("what is not of the known shape is not judged") {
    const auto text = GENERATE(
        as<std::string>(),
        "",
        "null",
        "[]",
        "{}",
        R"({"permissions":"x"})",
        R"({"permissions":{}})",
        "{\"permissions\":["
    );
    CHECK_FALSE(judge_key(text));
}
