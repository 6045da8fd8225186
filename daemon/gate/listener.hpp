#pragma once

// The sockets' files: made with their final rights, never in place of a living daemon's.

#include "base/files.hpp"
#include "protocol/error.hpp"

#include <sys/types.h>
#include <filesystem>
#include <optional>

namespace krakken::gate {

// Makes the runtime folder (0700, or 0750 for the group) if it is missing, and refuses one that is somebody
// else's, a link, or open to more than that.
protocol::Result<void> prepare_runtime_folder(
    const std::filesystem::path& folder, std::optional<gid_t> client_group
);

// Binds and listens. The socket is born with `mode`. A dead daemon's socket is replaced; if somebody answers
// at it, or it is no socket, that is an error.
protocol::Result<base::Descriptor> listen_at(
    const std::filesystem::path& path, mode_t mode, std::optional<gid_t> client_group
);

}  // namespace krakken::gate
