// No secret stands in this process's memory where it could be read, and none anywhere after a lock.

#include "memory_scan.hpp"
#include "support.hpp"

#include <sodium.h>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace krakken::keeper;
using namespace krakken::keeper::test;

TEST_CASE("the search finds a canary in an ordinary string, and not itself", "[memory]") {
    const Canary canary;
    CHECK(count_in_memory({canary.inverted()}, Pages::all)[0] == 0);
    const std::string plain = canary.text();
    CHECK(count_in_memory({canary.inverted()}, Pages::readable)[0] >= 1);
}

TEST_CASE(
    "an open vault's secrets are in no readable page, and a locked one's in no page at all", "[memory]"
) {
    const Canary passphrase;
    const Canary secret;
    const Canary staged_secret;
    const Canary seed;
    Fixture fixture;
    REQUIRE(fixture.run(fixture.keeper->create(passphrase.secret())).has_value());
    const auto with_prefix = [](const Canary& canary) {
        std::string plain;
        plain.reserve(200);
        std::string inner = canary.text();
        plain.append("totp:").append(inner);
        SecretText made = SecretText::copy_of(plain);
        sodium_memzero(plain.data(), plain.size());
        sodium_memzero(inner.data(), inner.size());
        return made;
    };
    NewKey key = new_key("master", "api-key");
    key.api_secret = secret.secret();
    key.otp = with_prefix(seed);
    const auto staged = fixture.run(fixture.keeper->stage(std::move(key)));
    REQUIRE(staged.has_value());
    REQUIRE(fixture.sign(staged->key).has_value());
    REQUIRE(fixture.run(fixture.keeper->commit(staged->key, {})).has_value());
    REQUIRE(fixture.run(fixture.keeper->unlock(passphrase.secret())).has_value());
    fixture.clock.time += std::chrono::minutes(1);
    REQUIRE(fixture.sign(staged->key).has_value());
    NewKey candidate = new_key("other", "other-key");
    candidate.api_secret = staged_secret.secret();
    const auto other = fixture.run(fixture.keeper->stage(std::move(candidate)));
    REQUIRE(other.has_value());
    REQUIRE(fixture.sign(other->key).has_value());

    const std::vector<InvertedText> texts = {
        passphrase.inverted(),
        secret.inverted(),
        secret.inverted_decoded(),
        seed.inverted(),
        seed.inverted_decoded_base32(),
        staged_secret.inverted(),
        staged_secret.inverted_decoded(),
    };
    const std::vector<std::size_t> none(texts.size(), 0);
    CHECK(count_in_memory(texts, Pages::readable) == none);
    fixture.keeper->lock();
    CHECK(count_in_memory(texts, Pages::all) == none);
}

TEST_CASE("a lock while a key is being saved leaves no secret behind", "[memory]") {
    const Canary secret;
    Fixture fixture;
    fixture.create();
    NewKey key = new_key("master", "api-key");
    key.api_secret = secret.secret();
    const auto staged = *fixture.run(fixture.keeper->stage(std::move(key)));
    const auto before = read_file(fixture.scratch.vault());
    std::optional<Result<void>> outcome;
    boost::asio::co_spawn(
        fixture.loop,
        fixture.keeper->commit(staged.key, {}),
        [&](std::exception_ptr, Result<void> result) { outcome = std::move(result); }
    );
    fixture.run_into_save(before);
    REQUIRE_FALSE(outcome.has_value());
    fixture.keeper->lock();
    const std::vector<InvertedText> texts = {secret.inverted(), secret.inverted_decoded()};
    CHECK(count_in_memory(texts, Pages::all) == std::vector<std::size_t>{0, 0});
    fixture.loop.run();
    REQUIRE(outcome.has_value());
    CHECK(outcome->has_value());
}
