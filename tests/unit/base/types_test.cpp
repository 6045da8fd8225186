// base/types: names of accounts.

#include "base/types.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace {

using krakken::base::AccountName;

std::string folded(std::string_view text) {
    const auto name = AccountName::folded(text);
    return name ? name->text() : "none";
}

}  // namespace

TEST_CASE("a foreign name is folded to an account's") {
    CHECK(folded("alice") == "alice");
    CHECK(folded("ALICE") == "alice");
    CHECK(folded("Desk-2_b") == "desk-2_b");
    CHECK(folded("my bot.old") == "my_bot_old");
    CHECK(folded("J\xC3\xB6rg") == "j_rg");  // one '_' for each character, not for each of its bytes
    CHECK(folded(std::string(64, 'A')) == std::string(64, 'a'));
}

TEST_CASE("a name of no character or of too many stands for no account") {
    CHECK(folded("") == "none");
    CHECK(folded(std::string(65, 'a')) == "none");
}
