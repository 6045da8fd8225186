#pragma once

// The decrypted content of a vault: one block of protected memory with all keys and grants in it, and an
// index over it that holds nothing secret. A candidate key that is not saved yet is a content of one record.
// Values only: a change makes the bytes of a new content and leaves the old one as it is.

#include "base/protected_memory.hpp"
#include "keeper/keeper.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::keeper {

enum class OtpKind : std::uint8_t { none = 0, password = 1, totp_seed = 2 };

// A part of the content's bytes.
struct Range {
    std::size_t offset = 0;
    std::size_t length = 0;

    std::span<const unsigned char> of(std::span<const unsigned char> bytes) const {
        return bytes.subspan(offset, length);
    }
};

struct StoredKey {
    KeyInfo info;
    OtpKind otp_kind = OtpKind::none;
    Range record;
    Range api_key;
    Range api_secret;  // raw, not base64
    Range otp;         // a password's text, or a TOTP seed's raw bytes
};

// A bot's key in the making.
struct BotKeyParts {
    std::span<const unsigned char> api_key;
    std::span<const unsigned char> api_secret;  // raw
};

// One record of a holder: a rotated bot has several, each with a key of its own.
struct StoredGrant {
    std::string holder;
    std::string grant;
    base::KeyId key{""};                    // of a bot; users and groups have none
    std::optional<base::Time> key_ends_at;  // the key was replaced and may be used until then
    Range record;
    Range api_key;
    Range api_secret;  // raw, not base64
};

class Contents {
public:
    // passphrase error if the bytes are not whole records with allowed names.
    static protocol::Result<Contents> parse(base::SecretBytes bytes);

    const std::vector<StoredKey>& keys() const { return keys_; }  // by account name, then as saved
    const StoredKey* find(const base::KeyId& key) const;
    // The account's first one.
    const StoredKey* find(const base::AccountName& account) const;
    const std::vector<StoredGrant>& grants() const { return grants_; }  // as saved
    const base::SecretBytes& bytes() const { return bytes_; }

    // The bytes of these contents and the single record of `candidate` after them.
    base::SecretBytes with(const Contents& candidate, std::optional<base::Time> validated_at) const;
    base::SecretBytes without(const base::KeyId& key) const;
    base::SecretBytes with_validation(const base::KeyId& key, base::Time when) const;

    // With other words in all records of the holder; in one without a key, where there was none.
    base::SecretBytes with_grant(std::string_view holder, std::string_view grant) const;
    // With another key of the bot behind what is there. What it has had so far ends at `earlier_ends_at`, or
    // sooner where that was said before; what has ended is left out.
    base::SecretBytes with_bot_key(
        std::string_view bot,
        std::string_view grant,
        const BotKeyParts& key,
        base::Time now,
        base::Time earlier_ends_at
    ) const;
    base::SecretBytes without_grant(std::string_view holder) const;

private:
    base::SecretBytes bytes_;
    std::vector<StoredKey> keys_;
    std::vector<StoredGrant> grants_;
};

// The parts of one record, for writing it.
struct RecordParts {
    const base::AccountName& account;
    base::Tier tier;
    std::span<const unsigned char> api_key;
    std::span<const unsigned char> api_secret;
    OtpKind otp_kind;
    std::span<const unsigned char> otp;
};
inline constexpr std::size_t max_field_bytes = 1024;
inline constexpr std::size_t max_grant_bytes = 32 * 1024;

base::SecretBytes write_record(const RecordParts& parts);

// The name of an API key: the first 8 hex digits of a keyed BLAKE2b hash, so that it does not depend on the
// vault and tells nothing about the key.
base::KeyId key_id(std::span<const unsigned char> api_key);

}  // namespace krakken::keeper
