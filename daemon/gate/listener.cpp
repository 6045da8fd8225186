#include "listener.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace krakken::gate {

namespace fs = std::filesystem;
using protocol::ErrorCode;
using protocol::fail;
using protocol::Result;

namespace {

std::unexpected<protocol::Error> refuse(const fs::path& path, std::string_view why) {
    return fail(ErrorCode::internal, fmt::format("{}: {}", path.string(), why));
}

std::unexpected<protocol::Error> system_error(const fs::path& path, std::string_view doing) {
    return refuse(path, fmt::format("{}: {}", doing, std::strerror(errno)));
}

std::optional<sockaddr_un> address_of(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.size() >= sizeof address.sun_path) return std::nullopt;
    text.copy(address.sun_path, text.size());
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

base::Descriptor make_socket() {
    return base::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Nobody listens: the socket was left behind. A full backlog (EAGAIN) is somebody.
bool is_abandoned(const sockaddr_un& address) {
    const base::Descriptor probe = make_socket();
    return ::connect(probe.number(), generic(address), sizeof address) != 0 && errno == ECONNREFUSED;
}

Result<void> remove_abandoned(const fs::path& path, const sockaddr_un& address) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return {};
        return system_error(path, "cannot be looked at");
    }
    if (!S_ISSOCK(found.st_mode)) return refuse(path, "is in the way and is no socket; move it away");
    if (!is_abandoned(address)) return refuse(path, "another daemon answers there; stop it first");
    if (::unlink(path.c_str()) != 0) return system_error(path, "cannot be removed");
    return {};
}

}  // namespace

Result<void> prepare_runtime_folder(const fs::path& folder, std::optional<gid_t> client_group) {
    const mode_t mode = client_group ? 0750 : 0700;
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (error) return refuse(folder.parent_path(), "cannot be made: " + error.message());
    const bool made = ::mkdir(folder.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) return system_error(folder, "cannot be made");

    struct stat found{};
    if (::lstat(folder.c_str(), &found) != 0) return system_error(folder, "cannot be looked at");
    if (!S_ISDIR(found.st_mode)) return refuse(folder, "is no folder (a link is refused too); move it away");
    if (found.st_uid != ::geteuid())
        return refuse(folder, "belongs to another user; remove it or name another --runtime-dir");
    if (client_group && found.st_gid != *client_group) {
        if (::chown(folder.c_str(), static_cast<uid_t>(-1), *client_group) != 0) {
            return system_error(folder, "cannot be given to client_group");
        }
    }
    const mode_t found_mode = found.st_mode & 07777;
    if ((found_mode & ~mode) != 0 && !made) {
        return refuse(folder, fmt::format("is open to others; run: chmod {:o} {}", mode, folder.string()));
    }
    if (found_mode != mode && ::chmod(folder.c_str(), mode) != 0)
        return system_error(folder, "its mode cannot be set");
    return {};
}

Result<base::Descriptor> listen_at(const fs::path& path, mode_t mode, std::optional<gid_t> client_group) {
    const auto address = address_of(path);
    if (!address) return refuse(path, "the path is too long for a socket; name a shorter --runtime-dir");
    if (auto removed = remove_abandoned(path, *address); !removed)
        return std::unexpected(std::move(removed.error()));

    base::Descriptor socket = make_socket();
    if (!socket) return system_error(path, "no socket can be made");
    // Between socket() and bind(), so that the file never has another mode, not even for a moment.
    if (::fchmod(socket.number(), mode) != 0) return system_error(path, "its mode cannot be set");
    if (::bind(socket.number(), generic(*address), sizeof *address) != 0)
        return system_error(path, "cannot be bound");
    // The umask may have taken bits away; it never adds any.
    if (::chmod(path.c_str(), mode) != 0) return system_error(path, "its mode cannot be set");
    if (client_group && ::chown(path.c_str(), static_cast<uid_t>(-1), *client_group) != 0) {
        return system_error(path, "cannot be given to client_group");
    }
    if (::listen(socket.number(), SOMAXCONN) != 0) return system_error(path, "cannot listen");
    return socket;
}

}  // namespace krakken::gate
