// One-time passwords: RFC 6238's vectors, seeds as people paste them, and their place in a body.

#include "keeper/otp.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace krakken::keeper;
using namespace krakken::keeper::test;
using krakken::base::Time;

namespace {

std::optional<std::string> seed(std::string_view base32) {
    const auto decoded = decode_totp_seed(base32);
    if (!decoded) return std::nullopt;
    return decoded->use([](std::span<const unsigned char> bytes) {
        return std::string(bytes.begin(), bytes.end());
    });
}

std::string code_at(std::int64_t unix_seconds) {
    const std::string rfc_seed = "12345678901234567890";
    const auto* bytes = reinterpret_cast<const unsigned char*>(rfc_seed.data());
    return totp_code({bytes, rfc_seed.size()}, totp_window(Time(std::chrono::seconds(unix_seconds))));
}

}  // namespace

TEST_CASE("TOTP gives the last six digits of RFC 6238's SHA-1 vectors", "[otp]") {
    CHECK(code_at(59) == "287082");
    CHECK(code_at(1111111109) == "081804");
    CHECK(code_at(1111111111) == "050471");
    CHECK(code_at(1234567890) == "005924");
    CHECK(code_at(2000000000) == "279037");
    CHECK(code_at(20000000000) == "353130");
}

TEST_CASE("a window lasts thirty seconds", "[otp]") {
    CHECK(code_at(30) == code_at(59));
    CHECK(code_at(60) != code_at(59));
}

TEST_CASE("RFC 4648's base32 vectors decode, in either case, with or without padding and spaces", "[otp]") {
    CHECK(seed("MY======") == "f");
    CHECK(seed("MZXQ====") == "fo");
    CHECK(seed("MZXW6===") == "foo");
    CHECK(seed("MZXW6YQ=") == "foob");
    CHECK(seed("MZXW6YTB") == "fooba");
    CHECK(seed("mzxw6ytboi") == "foobar");
    CHECK(seed("MZXW 6YTB OI") == "foobar");
}

TEST_CASE("what is not base32 is refused", "[otp]") {
    for (const char* text : {"", "A", "=", "MZXW0YTB", "MZXW1", "MZ=XW6", "MZXW-6", "\xc3\xa4"}) {
        CAPTURE(text);
        CHECK_FALSE(seed(text).has_value());
    }
}

TEST_CASE("the password becomes the last field of the body", "[otp]") {
    CHECK(body_with_otp("nonce=1", BodyForm::form, "123456") == "nonce=1&otp=123456");
    CHECK(body_with_otp("nonce=1", BodyForm::form, "a b&c+d%~") == "nonce=1&otp=a%20b%26c%2Bd%25~");
    CHECK(body_with_otp(R"({"nonce":1})", BodyForm::json, "123456") == R"({"nonce":1,"otp":"123456"})");
    CHECK(body_with_otp(R"({"nonce":1})", BodyForm::json, R"(a"\b)") == R"({"nonce":1,"otp":"a\"\\b"})");
    CHECK_FALSE(body_with_otp("[1]", BodyForm::json, "1").has_value());
}

TEST_CASE("a static password is signed with the body", "[otp]") {
    Fixture fixture;
    fixture.create();
    const auto key = fixture.add("master", "api-key", "123456");
    const auto request = fixture.sign(key);
    REQUIRE(request.has_value());
    CHECK(request->body == "nonce=1616492376594&otp=123456");
    CHECK(
        request->signature ==
        "jbyoyzbCFde1u0Rnp3ChMEofg5y4E4qpI247mcYicXoAi4c201b8GKM5LmshBvKP9WVm+UFHd710qkGBE0tRJw=="
    );
    CHECK(fixture.sign(key).has_value());
}

TEST_CASE("a code of a seed is given out once per window, also after a lock and a step back", "[otp]") {
    Fixture fixture;
    fixture.create();
    const auto key = fixture.add("master", "api-key", "totp:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    fixture.clock.time = Time(std::chrono::seconds(59));
    const auto first = fixture.sign(key);
    REQUIRE(first.has_value());
    CHECK(first->body == "nonce=1616492376594&otp=287082");

    const auto second = fixture.sign(key);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().retryable);
    CHECK(second.error().retry_after == std::chrono::milliseconds(1000));

    fixture.keeper->lock();
    REQUIRE(fixture.unlock().has_value());
    CHECK_FALSE(fixture.sign(key).has_value());
    fixture.clock.time = Time(std::chrono::seconds(20));
    CHECK_FALSE(fixture.sign(key).has_value());
    fixture.clock.time = Time(std::chrono::seconds(60));
    CHECK(fixture.sign(key).has_value());
}

TEST_CASE("codes given out by a clock that was far ahead do not stop one that was put right", "[otp]") {
    Fixture fixture;
    fixture.create();
    const auto key = fixture.add("master", "api-key", "totp:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    const Time right(std::chrono::seconds(1'700'000'010));
    fixture.clock.time = right;
    REQUIRE(fixture.sign(key).has_value());
    fixture.clock.time = right + std::chrono::hours(24 * 365);
    REQUIRE(fixture.sign(key).has_value());

    fixture.clock.time = right;
    const auto used = fixture.sign(key);
    REQUIRE_FALSE(used.has_value());  // that code was given out before the clock went wrong
    REQUIRE(used.error().retry_after);
    CHECK(*used.error().retry_after <= std::chrono::seconds(30));
    fixture.clock.time = right + std::chrono::seconds(30);
    CHECK(fixture.sign(key).has_value());
    CHECK_FALSE(fixture.sign(key).has_value());
}
