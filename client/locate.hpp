#pragma once

// Which sockets to try.

#include <filesystem>
#include <optional>
#include <vector>

#include "protocol/methods.hpp"
#include "protocol/paths.hpp"

namespace krakken::client {

// What the caller says, where it says something.
struct SocketChoices {
    std::optional<std::filesystem::path> socket;  // the client socket; the admin socket lies beside it
    protocol::PathChoices folders;
};

// In this order: `socket`, a folder chosen, KRAKKEND_SOCKET, KRAKKEND_*_DIR; without any of these the user's
// own socket and then the system service's. One that is named stands alone, so that nobody talks to another
// daemon than the one meant.
std::vector<std::filesystem::path> find_sockets(
    protocol::SocketKind kind,
    const SocketChoices& choices = {},
    const protocol::Environment& environment = protocol::process_environment
);

}  // namespace krakken::client
