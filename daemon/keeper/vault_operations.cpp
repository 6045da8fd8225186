#include "vault_operations.hpp"

#include "vault_crypto.hpp"
#include "vault_store.hpp"

#include <sodium.h>
#include <unistd.h>

#include <algorithm>

namespace krakken::keeper {

using base::Bytes;
using base::SecretBytes;
using protocol::ErrorCode;
using protocol::Result;
using Path = std::filesystem::path;

namespace {

Slot& passphrase_slot(VaultHeader& header) {
    return *std::ranges::find(header.slots, SlotType::passphrase, &Slot::type);
}

Slot* slot_of_key_file(VaultHeader& header, const SecretBytes& file_key) {
    const auto found = std::ranges::find_if(header.slots, [&](const Slot& slot) {
        return slot.type == SlotType::key_file && opens(key_file_key(file_key, slot), slot);
    });
    return found == header.slots.end() ? nullptr : &*found;
}

// Opens a loaded file with the key of one of its slots, and proves the whole file with it.
Result<LoadedVault> open_with(
    Bytes image, VaultHeader header, const Slot& slot, const SecretBytes& slot_key
) {
    auto data_key = unwrap_data_key(header, slot, slot_key);
    if (!data_key) return std::unexpected(std::move(data_key.error()));
    auto content = open_content(image, header, *data_key);
    if (!content) return std::unexpected(std::move(content.error()));
    return LoadedVault{std::move(image), std::move(header), std::move(*data_key)};
}

// Saves the file with other slots over the same content.
Result<LoadedVault> save_slots(
    const Path& vault_file, LoadedVault loaded, VaultHeader changed, base::Time now
) {
    const auto content = open_content(loaded.image, loaded.header, loaded.data_key);
    if (!content) return std::unexpected(content.error());
    auto image = next_image(std::move(changed), loaded.data_key, *content, now);
    if (!image) return std::unexpected(std::move(image.error()));
    auto saved = save_vault(vault_file, loaded.image, loaded.header.epoch, *image);
    if (!saved) return std::unexpected(std::move(saved.error()));
    auto header = read_header(*image);
    if (!header) return std::unexpected(std::move(header.error()));
    return LoadedVault{std::move(*image), std::move(*header), std::move(loaded.data_key)};
}

}  // namespace

KdfParameters kdf_parameters(KdfCost cost) {
    switch (cost) {
        case KdfCost::interactive:
            return {crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE, crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE};
        case KdfCost::moderate:
            return {crypto_pwhash_argon2id_OPSLIMIT_MODERATE, crypto_pwhash_argon2id_MEMLIMIT_MODERATE};
        case KdfCost::sensitive:
            return {crypto_pwhash_argon2id_OPSLIMIT_SENSITIVE, crypto_pwhash_argon2id_MEMLIMIT_SENSITIVE};
    }
    std::unreachable();
}

Result<Bytes> next_image(
    VaultHeader header, const SecretBytes& data_key, const SecretBytes& content, base::Time now
) {
    ++header.epoch;
    header.saved_at = now;
    Bytes image = seal(header, data_key, content);
    const auto again = read_header(image);
    if (!again || !open_content(image, *again, data_key))
        return protocol::fail(ErrorCode::internal, "a sealed vault does not open again; it was not saved");
    return image;
}

Result<LoadedVault> create_with_passphrase(
    const Path& vault_file, const SecretText& passphrase, KdfParameters cost, base::Time now
) {
    VaultHeader header = new_header(now);
    Slot slot = new_slot(SlotType::passphrase, cost);
    SecretBytes data_key = random_key();
    const auto slot_key = passphrase_key(passphrase, slot);
    if (!slot_key) return std::unexpected(slot_key.error());
    wrap_data_key(header, slot, *slot_key, data_key);
    header.slots.push_back(slot);
    auto image = next_image(header, data_key, SecretBytes(0), now);
    if (!image) return std::unexpected(std::move(image.error()));
    auto created = create_vault(vault_file, *image);
    if (!created) return std::unexpected(std::move(created.error()));
    auto sealed = read_header(*image);
    if (!sealed) return std::unexpected(std::move(sealed.error()));
    return LoadedVault{std::move(*image), std::move(*sealed), std::move(data_key)};
}

Result<LoadedVault> open_with_passphrase(const Path& vault_file, const SecretText& passphrase) {
    auto image = load_vault(vault_file);
    if (!image) return std::unexpected(std::move(image.error()));
    auto header = read_header(*image);
    if (!header) return std::unexpected(std::move(header.error()));
    const Slot slot = passphrase_slot(*header);
    const auto slot_key = passphrase_key(passphrase, slot);
    if (!slot_key) return std::unexpected(slot_key.error());
    return open_with(std::move(*image), std::move(*header), slot, *slot_key);
}

Result<LoadedVault> open_with_key_file(const Path& vault_file, const Path& key_file) {
    auto image = load_vault(vault_file);
    if (!image) return std::unexpected(std::move(image.error()));
    auto header = read_header(*image);
    if (!header) return std::unexpected(std::move(header.error()));
    const auto file_key = read_key_file(key_file);
    if (!file_key) return std::unexpected(file_key.error());
    const Slot* found = slot_of_key_file(*header, *file_key);
    if (found == nullptr) return std::unexpected(cannot_be_opened());
    const Slot slot = *found;
    return open_with(std::move(*image), std::move(*header), slot, key_file_key(*file_key, slot));
}

Result<LoadedVault> replace_passphrase(
    const Path& vault_file,
    const SecretText& old_passphrase,
    const SecretText& new_passphrase,
    KdfParameters cost,
    base::Time now
) {
    auto loaded = open_with_passphrase(vault_file, old_passphrase);
    if (!loaded) return loaded;
    Slot slot = new_slot(SlotType::passphrase, cost);
    const auto slot_key = passphrase_key(new_passphrase, slot);
    if (!slot_key) return std::unexpected(slot_key.error());
    VaultHeader changed = loaded->header;
    wrap_data_key(changed, slot, *slot_key, loaded->data_key);
    passphrase_slot(changed) = slot;
    return save_slots(vault_file, std::move(*loaded), std::move(changed), now);
}

Result<LoadedVault> add_key_file_slot(
    const Path& vault_file, const SecretText& passphrase, const Path& key_file, base::Time now
) {
    auto loaded = open_with_passphrase(vault_file, passphrase);
    if (!loaded) return loaded;
    VaultHeader changed = loaded->header;
    if (changed.slots.size() == max_slots)
        return std::unexpected(protocol::make_error(
                                   ErrorCode::invalid_params,
                                   "the vault has as many key files as it can have; none was added"
        )
                                   .with_remedy("run: krakkenctl vault remove-key-file PATH"));
    const SecretBytes file_key = random_key();
    Slot slot = new_slot(SlotType::key_file, {});
    wrap_data_key(changed, slot, key_file_key(file_key, slot), loaded->data_key);
    changed.slots.push_back(slot);
    // The key file first: a slot whose key file could not be written would be of no use.
    if (auto made = make_key_file(key_file, file_key); !made) return std::unexpected(std::move(made.error()));
    auto saved = save_slots(vault_file, std::move(*loaded), std::move(changed), now);
    if (!saved) unlink(key_file.c_str());
    return saved;
}

Result<LoadedVault> remove_key_file_slot(
    const Path& vault_file, const SecretText& passphrase, const Path& key_file, base::Time now
) {
    auto loaded = open_with_passphrase(vault_file, passphrase);
    if (!loaded) return loaded;
    const auto file_key = read_key_file(key_file);
    if (!file_key) return std::unexpected(file_key.error());
    VaultHeader changed = loaded->header;
    const Slot* slot = slot_of_key_file(changed, *file_key);
    if (slot == nullptr)
        return std::unexpected(
            protocol::make_error(
                ErrorCode::invalid_params, "that key file does not open this vault; nothing was changed"
            )
                .with_remedy("name a key file that was added to this vault, and not removed since")
        );
    changed.slots.erase(changed.slots.begin() + (slot - changed.slots.data()));
    return save_slots(vault_file, std::move(*loaded), std::move(changed), now);
}

}  // namespace krakken::keeper
