#include "gate/peer.hpp"

#include <grp.h>

#include <algorithm>

namespace krakken::gate {

std::optional<gid_t> group_named(const std::string& name) {
    if (name.empty()) return std::nullopt;
    const group* found = ::getgrnam(name.c_str());  // NOLINT(concurrency-mt-unsafe): no other thread asks
    if (!found) return std::nullopt;
    return found->gr_gid;
}

bool is_admitted(
    const Peer& peer, protocol::SocketKind socket, uid_t own, std::optional<gid_t> client_group
) {
    if (peer.uid == protocol::unmapped_uid) return false;
    if (peer.uid == own || peer.uid == 0) return true;
    return socket == protocol::SocketKind::client && client_group &&
           std::ranges::find(peer.groups, *client_group) != peer.groups.end();
}

}  // namespace krakken::gate
