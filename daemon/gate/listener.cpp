#include "listener.hpp"

#include "protocol/platform.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

std::unexpected<protocol::Error> cannot_bind(const fs::path& path, std::error_code error) {
    if (error == std::errc::filename_too_long)
        return refuse(path, "the path is too long for a socket; name a shorter --runtime-dir");
    return refuse(path, "cannot be bound: " + error.message());
}

// Nobody listens: the socket was left behind. A full backlog is somebody.
bool is_abandoned(const fs::path& path) {
    const auto probe = protocol::connect_local(path);
    if (!probe) return probe.error() == std::errc::connection_refused;
    const base::Descriptor somebody(*probe);
    return false;
}

Result<void> remove_abandoned(const fs::path& path) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return {};
        return system_error(path, "cannot be looked at");
    }
    if (!S_ISSOCK(found.st_mode)) return refuse(path, "is in the way and is no socket; move it away");
    if (!is_abandoned(path)) return refuse(path, "another daemon answers there; stop it first");
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
    if (auto removed = remove_abandoned(path); !removed) return std::unexpected(std::move(removed.error()));
    const auto bound = protocol::bind_local(path, mode);
    if (!bound) return cannot_bind(path, bound.error());
    base::Descriptor socket(*bound);
    if (client_group && ::chown(path.c_str(), static_cast<uid_t>(-1), *client_group) != 0) {
        return system_error(path, "cannot be given to client_group");
    }
    if (::listen(socket.number(), SOMAXCONN) != 0) return system_error(path, "cannot listen");
    return socket;
}

}  // namespace krakken::gate
