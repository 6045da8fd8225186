// Settings get into config.toml, and what a person wrote there stays.

#include <catch2/catch.hpp>

#include "client/ctl/config_text.hpp"

namespace {

using namespace krakken::ctl;
using Catch::Contains;

const Setting region{"", "region", "DE"};
const Setting master{"", "default_account", "master"};
const Setting margin{"capabilities", "supports_margin", false};
const Setting futures{"capabilities", "supports_futures", true};

std::string amended(const std::string& text, const std::vector<Setting>& wanted) {
    const auto result = amend(text, wanted);
    REQUIRE(result);
    return result->text;
}

}  // namespace

TEST_CASE("a new file has comments and the settings") {
    const auto made = amend(std::nullopt, {region, master, margin, futures});
    REQUIRE(made);
    CHECK(made->text.starts_with("# Configuration of krakkend"));
    CHECK(
        made->text.ends_with("\n\nregion = \"DE\"\ndefault_account = \"master\"\n\n"
                             "[capabilities]\nsupports_margin = false\nsupports_futures = true\n")
    );
    CHECK(made->added.size() == 4);
    CHECK(amended(made->text, {region, master, margin, futures}) == made->text);
}

TEST_CASE("missing settings go to the head and behind the end; nothing else changes") {
    const std::string text = "# mine\n[kraken]  # why\nbase_url = \"https://k\"\n";
    CHECK(
        amended(text, {region, margin}) ==
        "region = \"DE\"\n" + text + "\n[capabilities]\nsupports_margin = false\n"
    );
    CHECK(amended("", {region}) == "region = \"DE\"\n");
    CHECK(amended("a = 1", {margin}) == "a = 1\n\n[capabilities]\nsupports_margin = false\n");
    CHECK(amended("\xEF\xBB\xBF[log]\n", {region}) == "\xEF\xBB\xBFregion = \"DE\"\n[log]\n");
}

TEST_CASE("a table that is there gets what it lacks") {
    CHECK(
        amended(
            "[log]\n  [capabilities] # mine\nsupports_margin = true\n[vault]\n", {region, margin, futures}
        ) ==
        "region = \"DE\"\n[log]\n  [capabilities] # mine\nsupports_futures = true\nsupports_margin = "
        "true\n[vault]\n"
    );
    CHECK(amended("[capabilities]", {futures}) == "[capabilities]\nsupports_futures = true\n");
    CHECK(
        amended("[log]\r\n[capabilities]\r\n", {futures}) ==
        "[log]\r\n[capabilities]\r\nsupports_futures = true\n"
    );
}

TEST_CASE("what has another value is left alone and told") {
    const std::string text = "region = 'US_NY' # mine\n[capabilities]\nsupports_margin = true\n";
    const auto result = amend(text, {region, master, margin});
    REQUIRE(result);
    CHECK(result->text == "default_account = \"master\"\n" + text);
    REQUIRE(result->added.size() == 1);
    REQUIRE(result->kept.size() == 2);
    CHECK((result->kept[0].wanted == region));
    CHECK_THAT(result->kept[0].found, Contains("US_NY"));
    CHECK(result->kept[1].found == "true");
    // A wrong type is another value, too.
    CHECK(amend("region = 5", {region})->kept.at(0).found == "5");
}

TEST_CASE("what is no TOML, or a table in another shape, is not touched") {
    const auto broken = amend("region = \"DE\"\nlog = = 5\n", {region});
    REQUIRE_FALSE(broken);
    CHECK_THAT(broken.error(), Contains("line 2"));
    const auto misplaced = amend("passphrase = 27182818284590452353\n", {region});
    REQUIRE_FALSE(misplaced);
    CHECK_THAT(misplaced.error(), !Contains("27182818"));
    const auto text = GENERATE(
        as<std::string>(),
        "capabilities = {}",
        "capabilities = 5",
        "[[capabilities]]",
        "capabilities.supports_futures = true"
    );
    CHECK_FALSE(amend(text, {margin}));
    CHECK(amend(text, {}));
}

TEST_CASE("a header inside a text is no header") {
    const std::string text = "note = \"\"\"\n[capabilities]\n\"\"\"\n";
    CHECK(amended(text, {margin}) == text + "\n[capabilities]\nsupports_margin = false\n");
}

TEST_CASE("whether a key is set") {
    CHECK(sets("region = 1", "", "region"));
    CHECK(sets("[capabilities]\nsupports_margin = false", "capabilities", "supports_margin"));
    CHECK_FALSE(sets("[capabilities]", "capabilities", "supports_margin"));
    CHECK_FALSE(sets("capabilities = 1", "capabilities", "supports_margin"));
    CHECK_FALSE(sets("region = = 1", "", "region"));
}

TEST_CASE("settings as lines for a person") {
    CHECK(
        toml_lines({region, margin, futures}) ==
        "region = \"DE\"\n\n[capabilities]\nsupports_margin = false\nsupports_futures = true\n"
    );
    CHECK(toml_lines({margin}) == "[capabilities]\nsupports_margin = false\n");
    CHECK(dotted(futures) == "capabilities.supports_futures = true");
}
