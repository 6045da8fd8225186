// The checks of a key's shape.

#include "keeper/candidate.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace krakken::keeper;
using namespace krakken::keeper::test;
using krakken::protocol::ErrorCode;

namespace {

krakken::protocol::Result<Candidate> candidate(
    std::string_view api_key, std::string_view secret, std::optional<std::string_view> otp = std::nullopt
) {
    NewKey key = new_key("master", api_key, otp);
    key.api_secret = text(secret);
    return make_candidate(key);
}

}  // namespace

TEST_CASE("a whole key has no warnings and hides what it is", "[candidate]") {
    const auto made = candidate("api-key", example_secret, "123456");
    REQUIRE(made.has_value());
    CHECK(made->warnings.empty());
    CHECK(made->info().key.hex().size() == 8);
    CHECK(made->info().has_otp);
    CHECK_FALSE(made->info().validated_at.has_value());
}

TEST_CASE("the name of a key depends on the API key alone and stays the same for good", "[candidate]") {
    // Nonce marks are kept under this name: another function would orphan them.
    CHECK(candidate("api-key", example_secret)->info().key.hex() == "8908f5be");
    CHECK(candidate("api-key", "AAAA")->info().key == candidate("api-key", example_secret)->info().key);
    CHECK(
        candidate("api-kez", example_secret)->info().key != candidate("api-key", example_secret)->info().key
    );
}

TEST_CASE("a secret of another length is warned about, not refused", "[candidate]") {
    const auto made = candidate("api-key", "AAAA");
    REQUIRE(made.has_value());
    REQUIRE(made->warnings.size() == 1);
    CHECK(made->warnings[0].find("3 bytes") != std::string::npos);
}

TEST_CASE("a password of several words is kept as it is", "[candidate]") {
    const auto made = candidate("api-key", "AAAA", "correct horse  battery");
    REQUIRE(made.has_value());
    const StoredKey& stored = made->contents.keys().front();
    made->contents.bytes().use([&](std::span<const unsigned char> bytes) {
        const auto otp = stored.otp.of(bytes);
        CHECK(std::string(otp.begin(), otp.end()) == "correct horse  battery");
    });
}

TEST_CASE("a refusal calls the fields what the person calls them", "[candidate]") {
    NewKey key = new_key("master", "api-key");
    key.api_secret = text("not base64");
    const auto refused = make_candidate(key, {"THE_KEY", "THE_SECRET"});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message.starts_with("THE_SECRET has white space"));
    key.api_secret = text("A");
    CHECK(make_candidate(key, {"THE_KEY", "THE_SECRET"}).error().message.starts_with("THE_SECRET is not"));
    key.api_key = text("a b");
    CHECK(make_candidate(key, {"THE_KEY", "THE_SECRET"}).error().message.starts_with("THE_KEY has"));
}

TEST_CASE("fields that cannot be right are refused without repeating them", "[candidate]") {
    const std::string long_text(2000, 'A');
    struct Case {
        std::string api_key, secret;
        std::optional<std::string> otp;
    };
    const std::vector<Case> cases = {
        {"", "AAAA", {}},
        {"api key", "AAAA", {}},
        {"api-key\n", "AAAA", {}},
        {"api-key\r\nHost: x", "AAAA", {}},
        {"\xc3\xa4", "AAAA", {}},
        {long_text, "AAAA", {}},
        {"api-key", "", {}},
        {"api-key", "AAA", {}},
        {"api-key", "AAAA\n", {}},
        {"api-key", "AA AA", {}},
        {"api-key", "AA-_", {}},
        {"api-key", "AAAA=", {}},
        {"api-key", "====", {}},
        {"api-key", long_text, {}},
        {"api-key", "AAAA", ""},
        {"api-key", "AAAA", " 1234"},
        {"api-key", "AAAA", "1234 "},
        {"api-key", "AAAA", "12\t34"},
        {"api-key", "AAAA", "1234\n"},
        {"api-key",
         "AAAA",
         "12\x7f"
         "34"},
        {"api-key", "AAAA", "totp:"},
        {"api-key", "AAAA", "totp:01890189"},
    };
    for (const Case& test : cases) {
        CAPTURE(test.api_key, test.secret, test.otp.value_or("(none)"));
        const auto made = candidate(test.api_key, test.secret, test.otp);
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code == ErrorCode::invalid_params);
        CHECK_FALSE(made.error().message.ends_with('.'));
        for (const std::string& field : {test.api_key, test.secret}) {
            if (field.size() > 3) CHECK(made.error().message.find(field) == std::string::npos);
        }
    }
}
