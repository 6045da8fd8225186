// account/key_check: what is said about a key that Kraken described.

#include "account/key_check.hpp"

#include "protocol/endpoints.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>

namespace {

using namespace krakken;

constexpr base::Time now{std::chrono::seconds(1'700'000'000)};
constexpr std::uint64_t last_nonce = 1'700'000'000'000'000;

std::optional<account::KeyJudgement> judge_key(std::string_view result) {
    return account::judge_key(result, now, last_nonce);
}

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

TEST_CASE("B2: a key as it should be raises no warning") {
    const std::string none = R"(,"validUntil":"0","queryFrom":"0","queryTo":"0")";
    CHECK(warnings(usual, R"(,"nonceWindow":0,"ipAllowlist":["192.0.2.1"])" + none).empty());
    CHECK(warnings(usual, R"(,"ipAllowlist":["192.0.2.1"])").empty());
}

TEST_CASE("B2: every needed permission that is missing is named as Kraken's page does") {
    const std::string good = R"(,"nonceWindow":0,"ipAllowlist":["192.0.2.1"])";
    const auto [permission, title] = GENERATE(table<std::string, std::string>({
        {"query-funds", "Query"},
        {"query-open-trades", "Query open orders & trades"},
        {"query-closed-trades", "Query closed orders & trades"},
        {"modify-trades", "Create & modify orders"},
        {"close-trades", "Cancel & close orders"},
    }));
    CAPTURE(permission);
    std::string others = usual;
    others.replace(others.find('"' + permission + '"'), permission.size() + 2, "\"other\"");
    const auto all = warnings(others, good);
    CHECK(all.size() == 1);
    CHECK(one_with(all, "the key lacks"));
    CHECK(one_with(all, protocol::permission_titles(permission)));
    CHECK(one_with(all, title));
}

TEST_CASE("B2: what is missing or too much is said") {
    const std::string good = R"(,"nonceWindow":0,"ipAllowlist":["192.0.2.1"])";
    CHECK(warnings("[]", good).size() == 5);
    const std::string withdraw = R"(["withdraw-funds",)" + usual.substr(1);
    CHECK(one_with(warnings(withdraw, good), "withdraw"));
    CHECK(one_with(warnings(usual, R"(,"nonceWindow":0,"ipAllowlist":[])"), "every address"));
    CHECK(one_with(warnings(usual, R"(,"nonceWindow":0)"), "every address"));
}

TEST_CASE("a nonce window that is not 0 is warned of, however it is written") {
    const auto window = GENERATE(as<std::string>(), "10000", "\"10000\"", "\"ten\"", "-1");
    CAPTURE(window);
    const auto all = warnings(usual, ",\"nonceWindow\":" + window + R"(,"ipAllowlist":["192.0.2.1"])");
    CHECK(one_with(all, "nonce window"));
    CHECK(warnings(usual, R"(,"nonceWindow":"0","ipAllowlist":["192.0.2.1"])").empty());
}

TEST_CASE("a key's end and what it may not see are said with their times") {
    struct Row {
        std::string field;
        std::string value;
        std::string warning;  // empty: none
    };
    const auto [field, value, warning] = GENERATE(
        as<Row>(),
        Row{"validUntil", "\"1700086400\"", "expires soon, at 2023-11-15T22:13:20.000Z"},
        Row{"validUntil", "\"1702592000\"", "expires at 2023-12-14T22:13:20.000Z"},
        Row{"validUntil", "1702591999", "expires soon, at 2023-12-14T22:13:19.000Z"},
        Row{"validUntil", "\"soon\"", ""},
        Row{"validUntil", "\"18446744073709551615\"", ""},
        Row{"queryFrom", "\"1600000000\"", "only data from 2020-09-13T12:26:40.000Z"},
        Row{"queryTo", "\"1600000000\"", "only data to 2020-09-13T12:26:40.000Z"}
    );
    CAPTURE(field, value);
    const auto all = warnings(usual, R"(,"ipAllowlist":["192.0.2.1"],")" + field + "\":" + value);
    CHECK(all.size() == (warning.empty() ? 0 : 1));
    if (!warning.empty()) CHECK(one_with(all, warning));
}

TEST_CASE("D3: nonces ahead of ours tell of another program on the key") {
    const auto all = [](std::uint64_t nonce) {
        return warnings(usual, R"(,"ipAllowlist":["192.0.2.1"],"nonce":")" + std::to_string(nonce) + '"');
    };
    CHECK(all(last_nonce).empty());
    CHECK(all(last_nonce - 1).empty());
    CHECK(one_with(all(last_nonce + 1), "another program"));
}

TEST_CASE("permissions are Kraken's own words") {
    CHECK(
        judge_key(R"({"permissions":["a\u0062",1,"c"]})")->permissions == std::vector<std::string>{"ab", "c"}
    );
}

TEST_CASE("whose a key is, and its name, are told as Kraken tells them") {
    const auto told = judge_key(R"({"permissions":[],"iban":"AA96N74GCGEFN8KI","apiKeyName":"bot \"1\""})");
    CHECK(told->account_number == "AA96N74GCGEFN8KI");
    CHECK(told->name == "bot \"1\"");
    for (const char* text : {"", R"(,"iban":null,"apiKeyName":7)"}) {
        const auto silent = judge_key(std::string(R"({"permissions":[])") + text + "}");
        CHECK(silent->account_number.empty());
        CHECK(silent->name.empty());
    }
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
