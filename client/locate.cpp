#include "client/locate.hpp"

#include <stdexcept>

namespace krakken::client {

namespace fs = std::filesystem;

namespace {

fs::path socket_in(const fs::path& folder, protocol::SocketKind kind) {
    return folder / (kind == protocol::SocketKind::client ? "krakkend.sock" : "admin.sock");
}

fs::path beside(const fs::path& client_socket, protocol::SocketKind kind) {
    const fs::path path = fs::absolute(client_socket);
    return kind == protocol::SocketKind::client ? path : socket_in(path.parent_path(), kind);
}

bool any(const protocol::PathChoices& folders) {
    return folders.config_dir || folders.state_dir || folders.runtime_dir;
}

}  // namespace

std::vector<fs::path> find_sockets(
    protocol::SocketKind kind, const SocketChoices& choices, const protocol::Environment& environment
) {
    if (choices.socket) return {beside(*choices.socket, kind)};
    const std::string named = environment("KRAKKEND_SOCKET");
    if (!any(choices.folders) && !named.empty()) return {beside(named, kind)};

    bool chosen = any(choices.folders);
    // The folders that systemd names are those of the service that this process is, not the daemon's.
    const auto ours = [&](const char* name) {
        const std::string_view variable = name;
        const std::string value = variable.ends_with("_DIRECTORY") ? "" : environment(name);
        if (variable.starts_with("KRAKKEND_") && !value.empty()) chosen = true;
        return value;
    };

    std::vector<fs::path> sockets;
    try {
        sockets.push_back(socket_in(protocol::find_paths(choices.folders, ours).runtime_dir, kind));
    } catch (const std::runtime_error&) {
        // A user without a home has no daemon of their own.
    }
    if (!chosen) sockets.push_back(socket_in(protocol::system_runtime_dir, kind));
    return sockets;
}

}  // namespace krakken::client
