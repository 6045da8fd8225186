#pragma once

// Who is at the other end of a local connection, by the kernel's word, and whether they may be. One of the
// few places that differ between operating systems.

#include "protocol/methods.hpp"

#include <sys/types.h>
#include <optional>
#include <string>
#include <vector>

namespace krakken::gate {

struct Peer {
    uid_t uid = 0;
    pid_t pid = 0;
    std::vector<gid_t> groups;  // primary and supplementary
};

// Empty when there is no group of that name (or the name is empty). Reads the user database: for start only.
std::optional<gid_t> group_named(const std::string& name);

// Empty when the kernel does not tell, which is a refusal.
std::optional<Peer> peer_of(int socket);

// The client socket admits the daemon's own uid, root and members of `client_group`; the admin socket the
// first two. Never uid 65534, which is what every foreign uid looks like from inside a user namespace.
bool is_admitted(const Peer& peer, protocol::SocketKind socket, uid_t own, std::optional<gid_t> client_group);

}  // namespace krakken::gate
