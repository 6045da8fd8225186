#include "vault_header.hpp"

#include "byte_codec.hpp"

#include <algorithm>

namespace krakken::keeper {

using protocol::ErrorCode;
using protocol::Result;

namespace {

constexpr std::array<unsigned char, 8> magic{'K', 'R', 'A', 'K', 'V', 'L', 'T', '1'};
// In both versions: a slot's key is not at hand when the first grant is saved.
constexpr std::uint16_t wrapping_version = 1;
constexpr std::uint16_t minor_version = 0;
constexpr std::uint8_t kdf_none = 0;
constexpr std::uint8_t kdf_argon2id = 1;

std::int64_t microseconds(base::Time time) {
    return time.time_since_epoch().count();
}

base::Time time_of(std::int64_t microseconds) {
    return base::Time(std::chrono::microseconds(microseconds));
}

bool within_limits(const Slot& slot, std::uint8_t algorithm) {
    switch (slot.type) {
        case SlotType::passphrase:
            return algorithm == kdf_argon2id && slot.kdf.operations >= 1 &&
                   slot.kdf.operations <= max_kdf_operations && slot.kdf.memory_bytes >= min_kdf_memory &&
                   slot.kdf.memory_bytes <= max_kdf_memory;
        case SlotType::key_file:
            return algorithm == kdf_none && slot.kdf.operations == 0 && slot.kdf.memory_bytes == 0;
    }
    return false;  // a type this version does not know
}

// False if the slot is out of limits.
bool read_slot(ByteReader& reader, Slot& slot) {
    slot.id = reader.array<16>();
    slot.type = static_cast<SlotType>(reader.number<std::uint8_t>());
    const auto algorithm = reader.number<std::uint8_t>();
    (void)reader.number<std::uint16_t>();  // reserved; covered by the header's MAC
    slot.kdf.operations = reader.number<std::uint32_t>();
    slot.kdf.memory_bytes = reader.number<std::uint64_t>();
    slot.salt = reader.array<16>();
    slot.commitment = reader.array<32>();
    slot.nonce = reader.array<24>();
    slot.wrapped_key = reader.array<48>();
    return within_limits(slot, algorithm);
}

void write_slot(ByteWriter& writer, const Slot& slot) {
    writer.put(slot.id);
    writer.number(static_cast<std::uint8_t>(slot.type));
    writer.number(slot.type == SlotType::passphrase ? kdf_argon2id : kdf_none);
    writer.number(std::uint16_t{0});
    writer.number(slot.kdf.operations);
    writer.number(slot.kdf.memory_bytes);
    writer.put(slot.salt);
    writer.put(slot.commitment);
    writer.put(slot.nonce);
    writer.put(slot.wrapped_key);
}

std::unexpected<protocol::Error> unknown_version() {
    return std::unexpected(
        protocol::make_error(
            ErrorCode::vault, "the secrets file has a format that this version does not know"
        )
            .with("reason", "version")
            .with_remedy("use the version of krakkend that wrote the file, or a newer one")
    );
}

}  // namespace

protocol::Error cannot_be_opened() {
    return protocol::make_error(ErrorCode::passphrase, "wrong passphrase or corrupted secrets file")
        .with_remedy(
            "try the passphrase again; if it is surely right, restore an earlier version (secrets.enc.*.bak)"
        );
}

Result<VaultHeader> read_header(std::span<const unsigned char> file) {
    ByteReader reader(file);
    const auto file_magic = reader.array<magic.size()>();
    const auto major = reader.number<std::uint16_t>();
    (void)reader.number<std::uint16_t>();  // minor: changes nothing for this reader; covered by the MAC
    if (reader.failed() || file_magic != magic) return std::unexpected(cannot_be_opened());
    if (major != version_without_grants && major != version_with_grants) return unknown_version();

    const auto slot_count = reader.number<std::uint8_t>();
    (void)reader.take(3);  // reserved
    VaultHeader header;
    header.version = major;
    header.id = reader.array<16>();
    header.epoch = reader.number<std::uint64_t>();
    header.created_at = time_of(reader.number<std::int64_t>());
    header.saved_at = time_of(reader.number<std::int64_t>());
    header.content_nonce = reader.array<24>();
    if (slot_count < 1 || slot_count > max_slots || file.size() > max_vault_bytes)
        return std::unexpected(cannot_be_opened());
    header.slots.resize(slot_count);
    for (Slot& slot : header.slots) {
        if (!read_slot(reader, slot)) return std::unexpected(cannot_be_opened());
    }
    (void)reader.take(mac_bytes);
    // One passphrase slot, so that one attempt costs one key derivation, whatever the file says.
    if (reader.failed() || std::ranges::count(header.slots, SlotType::passphrase, &Slot::type) != 1)
        return std::unexpected(cannot_be_opened());
    return header;
}

void write_header(const VaultHeader& header, std::span<unsigned char> target) {
    ByteWriter writer(target);
    writer.put(magic);
    writer.number(header.version);
    writer.number(minor_version);
    writer.number(static_cast<std::uint8_t>(header.slots.size()));
    writer.put(std::array<unsigned char, 3>{});
    writer.put(header.id);
    writer.number(header.epoch);
    writer.number(microseconds(header.created_at));
    writer.number(microseconds(header.saved_at));
    writer.put(header.content_nonce);
    for (const Slot& slot : header.slots)
        write_slot(writer, slot);
}

std::array<unsigned char, 71> wrap_context(const VaultHeader& header, const Slot& slot) {
    std::array<unsigned char, 71> context{};
    ByteWriter writer(context);
    writer.put(magic);
    writer.number(wrapping_version);
    writer.put(header.id);
    writer.put(slot.id);
    writer.number(static_cast<std::uint8_t>(slot.type));
    writer.number(slot.kdf.operations);
    writer.number(slot.kdf.memory_bytes);
    writer.put(slot.salt);
    return context;
}

}  // namespace krakken::keeper
