#pragma once

// What `doctor` can see on this machine without asking the daemon anything. Looks only.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string_view>

#include "findings.hpp"

namespace krakken::ctl {

// Misspelt variables of this process, which would be without effect.
Findings check_environment();

// Owner and modes of the runtime folder and the two sockets in it; `daemon` is the uid that serves them.
Findings check_sockets(const std::filesystem::path& folder, uid_t daemon);

// config.toml: owner, mode, whether it is TOML, and whether it says what the daemon has read (`profile` is
// its answer, empty when there is none).
Finding check_config(const std::filesystem::path& path, uid_t daemon, std::string_view profile);

// Owner and mode of the vault and its folder; nothing where this user may not look, which is as it should be.
std::optional<Finding> check_vault_file(const std::filesystem::path& path, uid_t daemon);

}  // namespace krakken::ctl
