#pragma once

// The decrypted content of a vault: one block of protected memory with all keys in it, and an index over it
// that holds nothing secret. A candidate key that is not saved yet is a content of one record. Values only:
// a change makes the bytes of a new content and leaves the old one as it is.

#include "base/protected_memory.hpp"
#include "keeper/keeper.hpp"

#include <cstdint>
#include <optional>
#include <span>
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

class Contents {
public:
    // passphrase error if the bytes are not whole records with allowed names.
    static protocol::Result<Contents> parse(base::SecretBytes bytes);

    const std::vector<StoredKey>& keys() const { return keys_; }  // by account name, then as saved
    const StoredKey* find(const base::KeyId& key) const;
    // The account's first one.
    const StoredKey* find(const base::AccountName& account) const;
    const base::SecretBytes& bytes() const { return bytes_; }

    // The bytes of these contents and the single record of `candidate` after them.
    base::SecretBytes with(const Contents& candidate, std::optional<base::Time> validated_at) const;
    base::SecretBytes without(const base::KeyId& key) const;
    base::SecretBytes with_validation(const base::KeyId& key, base::Time when) const;

private:
    base::SecretBytes bytes_;
    std::vector<StoredKey> keys_;
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

base::SecretBytes write_record(const RecordParts& parts);

// The name of an API key: the first 8 hex digits of a keyed BLAKE2b hash, so that it does not depend on the
// vault and tells nothing about the key.
base::KeyId key_id(std::span<const unsigned char> api_key);

}  // namespace krakken::keeper
