#include "bot_keys.hpp"

#include "signature.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <string>

namespace krakken::keeper {

using protocol::ErrorCode;
using protocol::Result;
using ConstBytes = std::span<const unsigned char>;
using MutableBytes = std::span<unsigned char>;

namespace {

constexpr int base64 = sodium_base64_VARIANT_ORIGINAL;
constexpr std::size_t api_key_bytes = 42;  // of which base64 makes 56 characters, without padding

std::unexpected<protocol::Error> refused(std::string message, std::string_view reason) {
    return std::unexpected(
        protocol::make_error(ErrorCode::auth, std::move(message)).with("reason", boost::json::string(reason))
    );
}

// Takes as long wherever they differ; the length is no secret.
bool same(ConstBytes one, std::string_view other) {
    return one.size() == other.size() && sodium_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace

NewBotKey::NewBotKey() {
    bytes_.fill([](MutableBytes all) {
        std::array<unsigned char, api_key_bytes> key{};
        randombytes_buf(key.data(), key.size());
        std::array<char, api_key_chars + 1> text{};
        sodium_bin2base64(text.data(), text.size(), key.data(), key.size(), base64);
        std::copy_n(text.begin(), api_key_chars, all.begin());
        sodium_memzero(key.data(), key.size());
        sodium_memzero(text.data(), text.size());
        randombytes_buf(all.data() + api_key_chars, api_secret_bytes);
    });
}

BotCredentials NewBotKey::credentials() const {
    return use([](const BotKeyParts& parts) {
        std::array<char, sodium_base64_ENCODED_LEN(api_secret_bytes, base64)> secret{};
        sodium_bin2base64(
            secret.data(), secret.size(), parts.api_secret.data(), parts.api_secret.size(), base64
        );
        BotCredentials credentials{
            .key = key_id(parts.api_key),
            .api_key = SecretText::copy_of(
                {reinterpret_cast<const char*>(parts.api_key.data()), parts.api_key.size()}
            ),
            .api_secret = SecretText::copy_of(secret.data()),
        };
        sodium_memzero(secret.data(), secret.size());
        return credentials;
    });
}

std::vector<GrantInfo> grants_of(const Contents& contents) {
    std::vector<GrantInfo> all;
    for (const StoredGrant& stored : contents.grants()) {
        auto info = std::ranges::find(all, stored.holder, &GrantInfo::holder);
        if (info == all.end())
            info = all.insert(all.end(), GrantInfo{.holder = stored.holder, .grant = {}, .keys = {}});
        info->grant = stored.grant;
        if (stored.api_key.length > 0) info->keys.push_back({stored.key, stored.key_ends_at});
    }
    std::ranges::sort(all, {}, &GrantInfo::holder);
    return all;
}

Result<VerifiedBot> verify_bot(const Contents& contents, const BotRequest& request, base::Time now) {
    return contents.bytes().use([&](ConstBytes all) -> Result<VerifiedBot> {
        const StoredGrant* found = nullptr;
        for (const StoredGrant& stored : contents.grants()) {
            if (stored.api_key.length > 0 && same(stored.api_key.of(all), request.api_key)) found = &stored;
        }
        if (found == nullptr) return refused("no bot has this key", unknown_bot);
        if (found->key_ends_at && *found->key_ends_at <= now)
            return refused("this key of a bot was replaced", unknown_bot);
        const std::string expected =
            api_sign(found->api_secret.of(all), request.path, request.nonce, request.body);
        const ConstBytes wanted(reinterpret_cast<const unsigned char*>(expected.data()), expected.size());
        if (!same(wanted, request.signature))
            return refused("the signature is not that of this key over this request", bad_signature);
        return VerifiedBot{found->holder, found->key};
    });
}

}  // namespace krakken::keeper
