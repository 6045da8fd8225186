#pragma once

// Who may be at the other end of a local connection.

#include "protocol/methods.hpp"
#include "protocol/platform.hpp"

#include <sys/types.h>
#include <optional>
#include <string>

namespace krakken::gate {

using Peer = protocol::PeerCredentials;

// Empty when there is no group of that name (or the name is empty). Reads the user database:
// for start and reload only, on the event loop's thread.
std::optional<gid_t> group_named(const std::string& name);

// The client socket admits the daemon's own uid, root and members of `client_group`; the admin socket the
// first two. Never the uid that every foreign one looks like from inside a user namespace.
bool is_admitted(const Peer& peer, protocol::SocketKind socket, uid_t own, std::optional<gid_t> client_group);

}  // namespace krakken::gate
