#include "vault_crypto.hpp"

#include <sodium.h>

#include <algorithm>
#include <string_view>

namespace krakken::keeper {

using base::SecretBytes;
using protocol::Result;
using ConstBytes = std::span<const unsigned char>;
using MutableBytes = std::span<unsigned char>;

namespace {

static_assert(key_bytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(key_bytes == crypto_kdf_KEYBYTES);
static_assert(std::tuple_size_v<decltype(Slot::nonce)> == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(std::tuple_size_v<decltype(Slot::salt)> == crypto_pwhash_argon2id_SALTBYTES);
static_assert(
    std::tuple_size_v<decltype(Slot::wrapped_key)> == key_bytes + crypto_aead_xchacha20poly1305_ietf_ABYTES
);
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

// BLAKE2b-256 under a secret key, over a domain string and a salt or nothing.
void keyed_hash(MutableBytes out, ConstBytes key, std::string_view domain, ConstBytes more = {}) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, key.data(), key.size(), out.size());
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(domain.data()), domain.size());
    crypto_generichash_update(&state, more.data(), more.size());
    crypto_generichash_final(&state, out.data(), out.size());
    sodium_memzero(&state, sizeof state);
}

std::array<unsigned char, 32> commitment_of(const SecretBytes& slot_key) {
    std::array<unsigned char, 32> commitment{};
    slot_key.use([&](ConstBytes key) { keyed_hash(commitment, key, "krakkend vault v1 commitment"); });
    return commitment;
}

enum class Purpose : std::uint64_t { header_mac = 1, content = 2 };

SecretBytes sub_key(const SecretBytes& data_key, Purpose purpose) {
    SecretBytes derived(key_bytes);
    derived.fill([&](MutableBytes target) {
        data_key.use([&](ConstBytes key) {
            crypto_kdf_derive_from_key(
                target.data(), target.size(), static_cast<std::uint64_t>(purpose), "krakvlt1", key.data()
            );
        });
    });
    return derived;
}

std::array<unsigned char, mac_bytes> header_mac(ConstBytes header, const SecretBytes& data_key) {
    std::array<unsigned char, mac_bytes> mac{};
    sub_key(data_key, Purpose::header_mac).use([&](ConstBytes key) {
        crypto_generichash(mac.data(), mac.size(), header.data(), header.size(), key.data(), key.size());
    });
    return mac;
}

}  // namespace

SecretBytes random_key() {
    SecretBytes key(key_bytes);
    key.fill([](MutableBytes bytes) { randombytes_buf(bytes.data(), bytes.size()); });
    return key;
}

VaultHeader new_header(base::Time now) {
    VaultHeader header;
    randombytes_buf(header.id.data(), header.id.size());
    header.created_at = now;
    return header;
}

Result<SecretBytes> passphrase_key(const SecretText& passphrase, const Slot& slot) {
    SecretBytes key(key_bytes);
    const int outcome = key.fill([&](MutableBytes target) {
        return passphrase.use([&](std::string_view text) {
            return crypto_pwhash(
                target.data(),
                target.size(),
                text.data(),
                text.size(),
                slot.salt.data(),
                slot.kdf.operations,
                slot.kdf.memory_bytes,
                crypto_pwhash_ALG_ARGON2ID13
            );
        });
    });
    if (outcome == 0) return key;
    auto error = protocol::make_error(
        protocol::ErrorCode::overloaded,
        "there is not enough memory to derive the vault's key (" +
            std::to_string(slot.kdf.memory_bytes >> 20) + " MiB are needed)"
    );
    error.retryable = true;
    return std::unexpected(std::move(error));
}

SecretBytes key_file_key(const SecretBytes& file_key, const Slot& slot) {
    SecretBytes key(key_bytes);
    key.fill([&](MutableBytes target) {
        file_key.use([&](ConstBytes bytes) {
            keyed_hash(target, bytes, "krakkend vault v1 key file", slot.salt);
        });
    });
    return key;
}

Slot new_slot(SlotType type, KdfParameters kdf) {
    Slot slot;
    slot.type = type;
    slot.kdf = kdf;
    randombytes_buf(slot.id.data(), slot.id.size());
    randombytes_buf(slot.salt.data(), slot.salt.size());
    return slot;
}

void wrap_data_key(
    const VaultHeader& header, Slot& slot, const SecretBytes& slot_key, const SecretBytes& data_key
) {
    slot.commitment = commitment_of(slot_key);
    randombytes_buf(slot.nonce.data(), slot.nonce.size());
    const auto context = wrap_context(header, slot);
    slot_key.use([&](ConstBytes key) {
        data_key.use([&](ConstBytes plain) {
            crypto_aead_xchacha20poly1305_ietf_encrypt(
                slot.wrapped_key.data(),
                nullptr,
                plain.data(),
                plain.size(),
                context.data(),
                context.size(),
                nullptr,
                slot.nonce.data(),
                key.data()
            );
        });
    });
}

bool opens(const SecretBytes& slot_key, const Slot& slot) {
    const auto commitment = commitment_of(slot_key);
    return sodium_memcmp(commitment.data(), slot.commitment.data(), commitment.size()) == 0;
}

Result<SecretBytes> unwrap_data_key(
    const VaultHeader& header, const Slot& slot, const SecretBytes& slot_key
) {
    if (!opens(slot_key, slot)) return std::unexpected(cannot_be_opened());
    const auto context = wrap_context(header, slot);
    SecretBytes data_key(key_bytes);
    const int outcome = data_key.fill([&](MutableBytes target) {
        return slot_key.use([&](ConstBytes key) {
            return crypto_aead_xchacha20poly1305_ietf_decrypt(
                target.data(),
                nullptr,
                nullptr,
                slot.wrapped_key.data(),
                slot.wrapped_key.size(),
                context.data(),
                context.size(),
                slot.nonce.data(),
                key.data()
            );
        });
    });
    if (outcome != 0) return std::unexpected(cannot_be_opened());
    return data_key;
}

std::vector<unsigned char> seal(VaultHeader header, const SecretBytes& data_key, const SecretBytes& content) {
    randombytes_buf(header.content_nonce.data(), header.content_nonce.size());
    const std::size_t mac_at = header_bytes(header);
    const std::size_t content_at = mac_at + mac_bytes;
    std::vector<unsigned char> file(content_at + content.size() + tag_bytes);
    write_header(header, MutableBytes(file).first(mac_at));
    std::ranges::copy(
        header_mac(ConstBytes(file).first(mac_at), data_key),
        file.begin() + static_cast<std::ptrdiff_t>(mac_at)
    );
    sub_key(data_key, Purpose::content).use([&](ConstBytes key) {
        content.use([&](ConstBytes plain) {
            crypto_aead_xchacha20poly1305_ietf_encrypt(
                file.data() + content_at,
                nullptr,
                plain.data(),
                plain.size(),
                file.data(),
                content_at,
                nullptr,
                header.content_nonce.data(),
                key.data()
            );
        });
    });
    return file;
}

Result<SecretBytes> open_content(ConstBytes file, const VaultHeader& header, const SecretBytes& data_key) {
    const std::size_t mac_at = header_bytes(header);
    const std::size_t content_at = mac_at + mac_bytes;
    if (file.size() < content_at + tag_bytes) return std::unexpected(cannot_be_opened());
    const auto mac = header_mac(file.first(mac_at), data_key);
    if (sodium_memcmp(mac.data(), file.data() + mac_at, mac.size()) != 0)
        return std::unexpected(cannot_be_opened());

    const ConstBytes encrypted = file.subspan(content_at);
    SecretBytes content(encrypted.size() - tag_bytes);
    const int outcome = content.fill([&](MutableBytes target) {
        return sub_key(data_key, Purpose::content).use([&](ConstBytes key) {
            return crypto_aead_xchacha20poly1305_ietf_decrypt(
                target.data(),
                nullptr,
                nullptr,
                encrypted.data(),
                encrypted.size(),
                file.data(),
                content_at,
                header.content_nonce.data(),
                key.data()
            );
        });
    });
    if (outcome != 0) return std::unexpected(cannot_be_opened());
    return content;
}

}  // namespace krakken::keeper
