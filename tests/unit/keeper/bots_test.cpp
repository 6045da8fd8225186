// Bots and grants in the vault: kept over restarts, verified as Kraken verifies, ended when they are replaced
// or removed. No byte of a signed request can be changed.

#include "keeper/signature.hpp"
#include "keeper/vault_header.hpp"
#include "support.hpp"

#include <sodium.h>
#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace krakken::keeper;
using namespace krakken::keeper::test;
using krakken::protocol::ErrorCode;

namespace {

constexpr std::string_view grant = R"({"accounts":["master"],"allow":["read"]})";

struct Bots : Fixture {
    Bots() { create(); }

    BotCredentials make(std::string bot = "scalper", std::chrono::seconds grace = {}) {
        const auto before = granted(bot);
        auto made = run(keeper->make_bot_key(std::move(bot), std::string(grant), clock.time + grace, before));
        REQUIRE(made.has_value());
        return std::move(*made);
    }
    std::optional<std::string> granted(std::string_view holder) const {
        for (const GrantInfo& info : keeper->grants())
            if (info.holder == holder) return info.grant;
        return std::nullopt;
    }
    krakken::protocol::Result<std::string> verify(BotRequest request) {
        auto verified = run(keeper->verify_bot(std::move(request)));
        if (!verified) return std::unexpected(verified.error());
        return verified->bot;
    }
};

std::string plain(const SecretText& secret) {
    return secret.use([](std::string_view text) { return std::string(text); });
}

// As a library for Kraken makes it.
BotRequest request_of(const BotCredentials& bot, std::string path = "/0/private/Balance") {
    const std::string secret = plain(bot.api_secret);
    std::string raw(64, '\0');
    std::size_t size = 0;
    REQUIRE(
        sodium_base642bin(
            reinterpret_cast<unsigned char*>(raw.data()),
            raw.size(),
            secret.data(),
            secret.size(),
            nullptr,
            &size,
            nullptr,
            sodium_base64_VARIANT_ORIGINAL
        ) == 0
    );
    REQUIRE(size == 64);
    BotRequest request{plain(bot.api_key), "", std::move(path), "1616492376594", ""};
    request.body = "nonce=" + request.nonce + "&asset=XBT";
    request.signature = api_sign(
        {reinterpret_cast<const unsigned char*>(raw.data()), raw.size()},
        request.path,
        request.nonce,
        request.body
    );
    return request;
}

std::string refused(const krakken::protocol::Result<std::string>& verified) {
    REQUIRE_FALSE(verified.has_value());
    CHECK(verified.error().code == ErrorCode::auth);
    return reason(verified.error());
}

}  // namespace

TEST_CASE("a bot's key has Kraken's shape, and what it signs is known as the bot's", "[keeper]") {
    Bots bots;
    const auto made = bots.make();
    CHECK(made.api_key.size() == 56);
    CHECK(made.api_secret.size() == 88);
    CHECK(bots.verify(request_of(made)) == "scalper");
    const auto other = bots.make("other");
    CHECK(plain(other.api_key) != plain(made.api_key));
    CHECK(bots.verify(request_of(other)) == "other");
}

TEST_CASE("a request of which any byte is changed is refused", "[keeper]") {
    Bots bots;
    const auto made = bots.make();
    const BotRequest good = request_of(made);
    const auto flip_each = [&](std::string BotRequest::* part, std::string_view expected) {
        for (std::size_t place = 0; place < (good.*part).size(); ++place) {
            for (const char flip : {'\x01', '\x20', '\x80'}) {
                BotRequest changed = good;
                (changed.*part)[place] ^= flip;
                CHECK(refused(bots.verify(std::move(changed))) == expected);
            }
        }
    };
    flip_each(&BotRequest::api_key, unknown_bot);
    flip_each(&BotRequest::signature, bad_signature);
    flip_each(&BotRequest::path, bad_signature);
    flip_each(&BotRequest::nonce, bad_signature);
    flip_each(&BotRequest::body, bad_signature);
    const auto cut_or_longer = [&](std::string BotRequest::* part, std::string_view expected) {
        BotRequest cut = good;
        (cut.*part).pop_back();
        CHECK(refused(bots.verify(std::move(cut))) == expected);
        BotRequest longer = good;
        (longer.*part) += 'A';
        CHECK(refused(bots.verify(std::move(longer))) == expected);
    };
    cut_or_longer(&BotRequest::api_key, unknown_bot);
    cut_or_longer(&BotRequest::signature, bad_signature);
    cut_or_longer(&BotRequest::body, bad_signature);
    CHECK(refused(bots.verify({"", "", good.path, good.nonce, good.body})) == unknown_bot);
}

TEST_CASE("bots and grants survive a restart, and need an open vault", "[keeper]") {
    Bots bots;
    bots.add("master", "key-of-master");
    const auto made = bots.make();
    REQUIRE(bots.run(bots.keeper->save_grant("uid:1000", "{}", std::nullopt)).has_value());
    bots.restart();
    CHECK(bots.keeper->grants().empty());
    const auto locked = bots.verify(request_of(made));
    REQUIRE_FALSE(locked.has_value());
    CHECK(locked.error().code == ErrorCode::locked);
    CHECK(
        bots.run(bots.keeper->save_grant("uid:1000", "{}", std::nullopt)).error().code == ErrorCode::locked
    );
    REQUIRE(bots.unlock().has_value());
    CHECK(bots.verify(request_of(made)) == "scalper");
    const auto grants = bots.keeper->grants();
    REQUIRE(grants.size() == 2);
    CHECK(grants[0].holder == "scalper");
    CHECK(grants[0].grant == grant);
    REQUIRE(grants[0].keys.size() == 1);
    CHECK(grants[0].keys[0].key == made.key);
    CHECK(grants[1].holder == "uid:1000");
    CHECK(grants[1].keys.empty());
    REQUIRE(bots.keeper->list().size() == 1);
    CHECK(bots.sign(bots.keeper->list()[0].key)->api_key == "key-of-master");
}

TEST_CASE("a rotated key ends with its grace time, a revoked one at once", "[keeper]") {
    Bots bots;
    const auto first = bots.make();
    const auto second = bots.make("scalper", std::chrono::seconds(60));
    CHECK(bots.verify(request_of(first)) == "scalper");
    CHECK(bots.verify(request_of(second)) == "scalper");
    CHECK(bots.keeper->grants().at(0).keys.size() == 2);
    bots.clock.time += std::chrono::seconds(60);
    CHECK(refused(bots.verify(request_of(first))) == unknown_bot);
    CHECK(bots.verify(request_of(second)) == "scalper");
    const auto third = bots.make();
    CHECK(refused(bots.verify(request_of(second))) == unknown_bot);
    CHECK(bots.keeper->grants().at(0).keys.size() == 2);  // what has ended is gone
    REQUIRE(bots.run(bots.keeper->remove_grant("scalper")).has_value());
    CHECK(refused(bots.verify(request_of(third))) == unknown_bot);
    CHECK(bots.run(bots.keeper->remove_grant("scalper")).error().code == ErrorCode::invalid_params);
}

TEST_CASE("other words of a grant leave its bot's keys, and all other records, as they are", "[keeper]") {
    Bots bots;
    const auto master = bots.add("master", "key-of-master");
    const auto made = bots.make();
    const auto other = bots.make("other");
    REQUIRE(bots.run(bots.keeper->save_grant("scalper", "changed", std::string(grant))).has_value());
    bots.restart();
    REQUIRE(bots.unlock().has_value());
    CHECK(bots.keeper->grants().at(1).grant == "changed");
    CHECK(bots.keeper->grants().at(0).grant == grant);
    CHECK(bots.verify(request_of(made)) == "scalper");
    CHECK(bots.verify(request_of(other)) == "other");
    CHECK(bots.sign(master)->api_key == "key-of-master");
    REQUIRE(bots.run(bots.keeper->remove(master)).has_value());
    CHECK(bots.verify(request_of(made)) == "scalper");
}

TEST_CASE("a decision about a grant that has changed meanwhile is not carried out") {
    Bots bots;
    bots.make();
    const auto saved = [&](std::optional<std::string> before) {
        return bots.run(bots.keeper->save_grant("scalper", "narrower", std::move(before)));
    };
    CHECK(reason(saved("something else").error()) == "changed");
    CHECK(reason(saved(std::nullopt).error()) == "changed");
    REQUIRE(saved(std::string(grant)).has_value());
    CHECK(reason(saved(std::string(grant)).error()) == "changed");
    REQUIRE(bots.run(bots.keeper->remove_grant("scalper")).has_value());
    CHECK(reason(saved("narrower").error()) == "changed");  // a removed bot does not come back
    CHECK(bots.keeper->grants().empty());
}

TEST_CASE("a vault has format version 2 from its first grant on, and opens as before", "[keeper]") {
    Bots bots;
    const auto version = [&] { return read_header(read_file(bots.scratch.vault()))->version; };
    bots.add("master", "key-of-master");
    CHECK(version() == 1);
    bots.make();
    CHECK(version() == 2);
    bots.add("other", "key-of-other");
    CHECK(version() == 2);
    REQUIRE(bots.run(bots.keeper->change_passphrase(text("right"), text("newer"))).has_value());
    CHECK(version() == 2);
    bots.restart();
    REQUIRE(bots.run(bots.keeper->unlock(text("newer"))).has_value());
    CHECK(bots.keeper->grants().size() == 1);
}
