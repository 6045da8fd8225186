#include "gate/peer.hpp"

#include <grp.h>
#include <sys/socket.h>

#include <algorithm>

namespace krakken::gate {

namespace {
constexpr uid_t nobody = 65534;
}  // namespace

std::optional<gid_t> group_named(const std::string& name) {
    if (name.empty()) return std::nullopt;
    const group* found = ::getgrnam(name.c_str());  // NOLINT(concurrency-mt-unsafe): before any thread starts
    if (!found) return std::nullopt;
    return found->gr_gid;
}

std::optional<Peer> peer_of(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
    Peer peer{credentials.uid, credentials.pid, {credentials.gid}};

    // Taken when the peer connected, like its uid; the kernel says how many there are when the room is too
    // small.
    std::vector<gid_t> groups(64);
    size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) {
        groups.resize(size / sizeof(gid_t));
        if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return peer;
    }
    groups.resize(size / sizeof(gid_t));
    peer.groups.insert(peer.groups.end(), groups.begin(), groups.end());
    return peer;
}

bool is_admitted(
    const Peer& peer, protocol::SocketKind socket, uid_t own, std::optional<gid_t> client_group
) {
    if (peer.uid == nobody) return false;
    if (peer.uid == own || peer.uid == 0) return true;
    return socket == protocol::SocketKind::client && client_group &&
           std::ranges::find(peer.groups, *client_group) != peer.groups.end();
}

}  // namespace krakken::gate
