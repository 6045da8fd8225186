#pragma once

// The vault's file and its previous versions, and key files, on disk. Knows nothing of what is in them: only
// encrypted bytes come here, except for the 32 bytes of a key file. Every call blocks: keeper's thread only.

#include "base/files.hpp"
#include "base/protected_memory.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <span>

namespace krakken::keeper {

// vault "missing", with the remedy to make one.
protocol::Result<base::Bytes> load_vault(const std::filesystem::path& vault_file);

// vault "exists" if there is one.
protocol::Result<void> create_vault(
    const std::filesystem::path& vault_file, std::span<const unsigned char> image
);

// Replaces `loaded`, the version with that epoch, and keeps it as a previous version (the last three are
// kept). vault "changed" if the file on disk is another one by now; storage if it cannot be written.
protocol::Result<void> save_vault(
    const std::filesystem::path& vault_file,
    std::span<const unsigned char> loaded,
    std::uint64_t loaded_epoch,
    std::span<const unsigned char> image
);

// A key file belongs to us (0600 or 0400) or, as a service manager hands it over, to root and is then
// readable at most by a group. vault errors as for the vault; "unreadable" if it has not 32 bytes.
protocol::Result<base::SecretBytes> read_key_file(const std::filesystem::path& file);
// vault "exists" if something is there.
protocol::Result<void> make_key_file(const std::filesystem::path& file, const base::SecretBytes& file_key);

}  // namespace krakken::keeper
