#pragma once

// The cryptography of the vault file (VAULT.md), without files and without Asio: keys of slots, wrapping of
// the data key, sealing and opening. Any thread; only passphrase_key is slow.

#include "base/protected_memory.hpp"
#include "keeper/passphrase.hpp"
#include "protocol/error.hpp"
#include "vault_header.hpp"

#include <span>
#include <vector>

namespace krakken::keeper {

inline constexpr std::size_t key_bytes = 32;

// 32 random bytes in protected memory: a new data key, or the content of a new key file.
base::SecretBytes random_key();

// A vault without slots and content yet.
VaultHeader new_header(base::Time now);

// The key of a passphrase slot, by Argon2id: up to seconds and slot.kdf.memory_bytes of memory. overloaded if
// that memory cannot be had.
protocol::Result<base::SecretBytes> passphrase_key(const SecretText& passphrase, const Slot& slot);
// The key of a key file slot, from the file's 32 bytes.
base::SecretBytes key_file_key(const base::SecretBytes& file_key, const Slot& slot);

// A slot with fresh salt and id, to be closed by wrap_data_key once its key is derived.
Slot new_slot(SlotType type, KdfParameters kdf);
void wrap_data_key(
    const VaultHeader& header,
    Slot& slot,
    const base::SecretBytes& slot_key,
    const base::SecretBytes& data_key
);
// Whether this is the slot's key. XChaCha20-Poly1305 does not commit to its key, and several keys are tried.
bool opens(const base::SecretBytes& slot_key, const Slot& slot);
// The data key. passphrase error if the key is not the slot's or the slot was tampered with.
protocol::Result<base::SecretBytes> unwrap_data_key(
    const VaultHeader& header, const Slot& slot, const base::SecretBytes& slot_key
);

// The whole file, with a new content nonce.
std::vector<unsigned char> seal(
    VaultHeader header, const base::SecretBytes& data_key, const base::SecretBytes& content
);
// The content of a whole file whose header was read from it. passphrase error if any byte was changed.
protocol::Result<base::SecretBytes> open_content(
    std::span<const unsigned char> file, const VaultHeader& header, const base::SecretBytes& data_key
);

}  // namespace krakken::keeper
