#pragma once

// Where configuration, vault, state and sockets lie; daemon and command line must agree on it.

#include "protocol/environment.hpp"

#include <filesystem>
#include <optional>

namespace krakken::protocol {

// What the command line says, where it says something.
struct PathChoices {
    std::optional<std::filesystem::path> config_dir;
    std::optional<std::filesystem::path> state_dir;
    std::optional<std::filesystem::path> runtime_dir;
};

struct Paths {
    std::filesystem::path config_dir;
    std::filesystem::path state_dir;
    std::filesystem::path runtime_dir;
    std::filesystem::path vault_file;

    std::filesystem::path config_file() const { return config_dir / "config.toml"; }
    std::filesystem::path client_socket() const { return runtime_dir / "krakkend.sock"; }
    std::filesystem::path admin_socket() const { return runtime_dir / "admin.sock"; }
};

// In this order: the command line, KRAKKEND_*_DIR, the folders systemd gives a service, the system's standard
// ones of this user. Throws std::runtime_error when there is nothing to go by (no HOME).
Paths find_paths(const PathChoices& choices, const Environment& environment = process_environment);

// The runtime folder of the system service.
inline const std::filesystem::path system_runtime_dir = "/run/krakkend";

}  // namespace krakken::protocol
