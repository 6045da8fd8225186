#pragma once

// What takes long: whole operations on the vault file that derive keys and touch the disk, as plain blocking
// functions for the keeper's thread. Secrets they make on the way are wiped before they return.

#include "base/files.hpp"
#include "base/protected_memory.hpp"
#include "base/types.hpp"
#include "keeper/keeper.hpp"
#include "vault_header.hpp"

#include <filesystem>

namespace krakken::keeper {

// A vault file as it is on disk, and what opens its content.
struct LoadedVault {
    base::Bytes image;
    VaultHeader header;
    base::SecretBytes data_key;
};

KdfParameters kdf_parameters(KdfCost cost);

protocol::Result<LoadedVault> create_with_passphrase(
    const std::filesystem::path& vault_file, const SecretText& passphrase, KdfParameters cost, base::Time now
);
protocol::Result<LoadedVault> open_with_passphrase(
    const std::filesystem::path& vault_file, const SecretText& passphrase
);
protocol::Result<LoadedVault> open_with_key_file(
    const std::filesystem::path& vault_file, const std::filesystem::path& key_file
);

// These keep the data key, so the previous versions of the file still open with what opened them before.
protocol::Result<LoadedVault> replace_passphrase(
    const std::filesystem::path& vault_file,
    const SecretText& old_passphrase,
    const SecretText& new_passphrase,
    KdfParameters cost,
    base::Time now
);
protocol::Result<LoadedVault> add_key_file_slot(
    const std::filesystem::path& vault_file,
    const SecretText& passphrase,
    const std::filesystem::path& key_file,
    base::Time now
);
protocol::Result<LoadedVault> remove_key_file_slot(
    const std::filesystem::path& vault_file,
    const SecretText& passphrase,
    const std::filesystem::path& key_file,
    base::Time now
);

// The image of the next version: header with its epoch + 1 over this content, opened once before it is given
// out. internal error if it does not open.
protocol::Result<base::Bytes> next_image(
    VaultHeader header, const base::SecretBytes& data_key, const base::SecretBytes& content, base::Time now
);

}  // namespace krakken::keeper
