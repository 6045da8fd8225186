#include "candidate.hpp"

#include "otp.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <string_view>

namespace krakken::keeper {

using base::SecretBytes;
using protocol::ErrorCode;
using protocol::Result;
using ConstBytes = std::span<const unsigned char>;

namespace {

constexpr std::size_t usual_secret_bytes = 64;
constexpr std::string_view totp_prefix = "totp:";

struct Otp {
    OtpKind kind = OtpKind::none;
    SecretBytes bytes;
};

enum class InnerBlanks { refused, allowed };

// What no key or password can have, and what would break an HTTP header.
Result<void> check_text(std::string_view field, const SecretText& value, InnerBlanks blanks) {
    if (value.empty()) return protocol::fail(ErrorCode::invalid_params, fmt::format("{} is empty", field));
    if (value.size() > max_field_bytes)
        return protocol::fail(
            ErrorCode::invalid_params, fmt::format("{} is longer than {} characters", field, max_field_bytes)
        );
    const bool in_order = value.use([&](std::string_view text) {
        const bool blanks_in_order =
            blanks == InnerBlanks::allowed ? text.front() != ' ' && text.back() != ' ' : !text.contains(' ');
        return blanks_in_order && std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; });
    });
    if (in_order) return {};
    const std::string_view fault =
        blanks == InnerBlanks::allowed
            ? "begins or ends with a blank, or has a line break or a character that is not ASCII"
            : "has white space, a line break or another character that no key has";
    return protocol::fail(ErrorCode::invalid_params, fmt::format("{} {}", field, fault));
}

Result<SecretBytes> decode_secret(std::string_view field, const SecretText& base64) {
    SecretBytes decoded(base64.size() / 4 * 3);
    std::size_t length = 0;
    const bool valid = decoded.fill([&](std::span<unsigned char> target) {
        return base64.use([&](std::string_view text) {
            // Without an end pointer, trailing bytes that are not base64 are an error.
            return sodium_base642bin(
                       target.data(),
                       target.size(),
                       text.data(),
                       text.size(),
                       nullptr,
                       &length,
                       nullptr,
                       sodium_base64_VARIANT_ORIGINAL
                   ) == 0;
        });
    });
    if (!valid || length == 0)
        return protocol::fail(
            ErrorCode::invalid_params,
            fmt::format("{} is not base64; copy Kraken's private key completely", field)
        );
    return decoded.use([&](ConstBytes bytes) { return SecretBytes::copy_of(bytes.first(length)); });
}

Result<Otp> read_otp(const std::optional<SecretText>& text) {
    if (!text) return Otp{};
    return text->use([&](std::string_view otp) -> Result<Otp> {
        if (otp.starts_with(totp_prefix)) {
            auto seed = decode_totp_seed(otp.substr(totp_prefix.size()));
            if (!seed || seed->size() > max_field_bytes)
                return protocol::fail(
                    ErrorCode::invalid_params, "otp has a seed after \"totp:\" that is not base32"
                );
            return Otp{OtpKind::totp_seed, std::move(*seed)};
        }
        // A person made up this password at Kraken: it may be several words.
        if (auto checked = check_text("otp", *text, InnerBlanks::allowed); !checked)
            return std::unexpected(std::move(checked.error()));
        return Otp{
            OtpKind::password,
            SecretBytes::copy_of({reinterpret_cast<const unsigned char*>(otp.data()), otp.size()})
        };
    });
}

SecretBytes record_of(const NewKey& key, const SecretBytes& api_secret, const Otp& otp) {
    return key.api_key.use([&](std::string_view api_key) {
        return api_secret.use([&](ConstBytes secret) {
            return otp.bytes.use([&](ConstBytes password) {
                return write_record({
                    .account = key.account,
                    .tier = key.tier,
                    .api_key = {reinterpret_cast<const unsigned char*>(api_key.data()), api_key.size()},
                    .api_secret = secret,
                    .otp_kind = otp.kind,
                    .otp = password,
                });
            });
        });
    });
}

}  // namespace

Result<Candidate> make_candidate(const NewKey& key, const FieldNames& names) {
    if (auto checked = check_text(names.api_key, key.api_key, InnerBlanks::refused); !checked)
        return std::unexpected(std::move(checked.error()));
    if (auto checked = check_text(names.api_secret, key.api_secret, InnerBlanks::refused); !checked)
        return std::unexpected(std::move(checked.error()));
    auto secret = decode_secret(names.api_secret, key.api_secret);
    if (!secret) return std::unexpected(std::move(secret.error()));
    auto otp = read_otp(key.otp);
    if (!otp) return std::unexpected(std::move(otp.error()));

    auto contents = Contents::parse(record_of(key, *secret, *otp));
    if (!contents) return std::unexpected(std::move(contents.error()));
    Candidate candidate{.contents = std::move(*contents), .warnings = {}, .joins = key.joins};
    if (secret->size() != usual_secret_bytes)
        candidate.warnings.push_back(fmt::format(
            "the secret has {} bytes and Kraken's have {}: it may not be copied completely",
            secret->size(),
            usual_secret_bytes
        ));
    return candidate;
}

}  // namespace krakken::keeper
