#pragma once

// The readable part of a vault file (VAULT.md): layout and limits, no cryptography. Everything read here is
// unauthenticated until vault_crypto has opened the file; that is why the limits are checked here, before any
// key derivation runs with what the file says.

#include "base/types.hpp"
#include "protocol/error.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace krakken::keeper {

inline constexpr std::size_t max_vault_bytes = std::size_t{4} << 20;
inline constexpr std::size_t max_slots = 8;

// Argon2id's cost. The limits bound what a planted file can make us spend (age, libsodium and OWASP agree on
// the lower one).
struct KdfParameters {
    std::uint32_t operations = 0;
    std::uint64_t memory_bytes = 0;
};
inline constexpr std::uint32_t max_kdf_operations = 16;
inline constexpr std::uint64_t min_kdf_memory = std::uint64_t{64} << 20;
inline constexpr std::uint64_t max_kdf_memory = std::uint64_t{2} << 30;

enum class SlotType : std::uint8_t { passphrase = 1, key_file = 2 };

// One way to open the vault: the data key, wrapped by a key of this slot.
struct Slot {
    std::array<unsigned char, 16> id{};
    SlotType type = SlotType::passphrase;
    KdfParameters kdf;  // zeros for a key file
    std::array<unsigned char, 16> salt{};
    std::array<unsigned char, 32> commitment{};
    std::array<unsigned char, 24> nonce{};
    std::array<unsigned char, 48> wrapped_key{};
};

// Of the file's format: version 2 is version 1 with grants in its content.
inline constexpr std::uint16_t version_without_grants = 1;
inline constexpr std::uint16_t version_with_grants = 2;

struct VaultHeader {
    std::uint16_t version = version_without_grants;
    std::array<unsigned char, 16> id{};
    std::uint64_t epoch = 0;  // +1 with every save
    base::Time created_at;
    base::Time saved_at;
    std::array<unsigned char, 24> content_nonce{};
    std::vector<Slot> slots;  // 1 to max_slots, exactly one of them a passphrase
};

inline constexpr std::size_t fixed_header_bytes = 80;
inline constexpr std::size_t slot_bytes = 152;
inline constexpr std::size_t mac_bytes = 32;

// Bytes of the header without its MAC, which follows it; the encrypted content follows the MAC.
inline std::size_t header_bytes(const VaultHeader& header) {
    return fixed_header_bytes + header.slots.size() * slot_bytes;
}

// passphrase ("wrong passphrase or corrupted ...") for whatever is out of shape or limits; vault "version"
// for another magic or an unknown major version.
protocol::Result<VaultHeader> read_header(std::span<const unsigned char> file);

// Writes header_bytes(header) bytes.
void write_header(const VaultHeader& header, std::span<unsigned char> target);

// What a slot's wrapped key is bound to, so that a slot cannot be moved to another vault or its cost changed.
std::array<unsigned char, 71> wrap_context(const VaultHeader& header, const Slot& slot);

// The one answer to a wrong passphrase and to any damage: telling them apart would help only an attacker.
protocol::Error cannot_be_opened();

}  // namespace krakken::keeper
