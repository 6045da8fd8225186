#include "connect.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace krakken::client {

namespace {

// What the kernel shows for a uid of another user namespace: any of them.
constexpr uid_t nobody_known = 65534;

// The reason of a `no_daemon` where there is not even a socket.
constexpr std::string_view absent = "absent";

constexpr const char* start_it = "start it: 'krakkend' in a terminal, or 'systemctl start krakkend'";

std::string reason(int error) {
    return std::generic_category().message(error);
}

Failure unreachable(const std::filesystem::path& socket, int error) {
    const std::string where = "at " + socket.string();
    if (error == EACCES || error == EPERM)
        return make_failure(
            FailureKind::no_daemon,
            "this user may not use the socket " + where,
            "use the account that krakkend runs as, or root; for the client socket a member of client_group"
        );
    Failure failure = make_failure(
        FailureKind::no_daemon, "no krakkend answers " + where + " (" + reason(error) + ")", start_it
    );
    if (error == ENOENT) failure.reason = absent;
    return failure;
}

Failure none_of(std::span<const std::filesystem::path> sockets) {
    std::string places;
    for (const auto& socket : sockets)
        places += (places.empty() ? "" : " or ") + socket.string();
    return make_failure(
        FailureKind::no_daemon, "no krakkend answers: there is no socket " + places, start_it
    );
}

std::optional<uid_t> peer_uid(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
    return peer.uid;
}

std::optional<uid_t> folder_owner(const std::filesystem::path& socket) {
    struct stat folder{};
    if (stat(socket.parent_path().c_str(), &folder) != 0) return std::nullopt;
    return folder.st_uid;
}

Failure untrusted(const std::filesystem::path& socket, std::optional<uid_t> server) {
    const std::string who = server ? "user id " + std::to_string(*server) : "an unknown user";
    return make_failure(
        FailureKind::untrusted,
        "the server at " + socket.string() + " belongs to " + who +
            ", which is not trusted; nothing was sent to it",
        "find out who put that socket there; a genuine krakkend runs as you, as root, or as the owner of the "
        "folder"
    );
}

}  // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) close(number_);
}

bool is_trusted(uid_t server, uid_t own, uid_t folder_owner) {
    if (server == own || server == 0) return true;
    return server == folder_owner && server != nobody_known;
}

namespace {

Outcome<Descriptor> connect_to(const std::filesystem::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.native().size() >= sizeof address.sun_path)
        return std::unexpected(unreachable(socket, ENAMETOOLONG));
    std::memcpy(address.sun_path, socket.c_str(), socket.native().size());

    Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (descriptor.number() < 0) return std::unexpected(unreachable(socket, errno));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how sockets are addressed
    if (connect(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int error = errno;
        Failure failure = unreachable(socket, error);
        failure.retryable = error == EAGAIN;
        return std::unexpected(std::move(failure));
    }
    const auto server = peer_uid(descriptor.number());
    const auto owner = folder_owner(socket);
    if (!server || !is_trusted(*server, geteuid(), owner.value_or(nobody_known)))
        return std::unexpected(untrusted(socket, server));
    return descriptor;
}

}  // namespace

Outcome<Connected> connect_any(std::span<const std::filesystem::path> sockets) {
    std::optional<Failure> shown;
    for (const auto& socket : sockets) {
        auto descriptor = connect_to(socket);
        if (descriptor) return Connected{std::move(*descriptor), socket};
        Failure& failure = descriptor.error();
        if (failure.kind != FailureKind::no_daemon) return std::unexpected(std::move(failure));
        // A socket that is there says more than one that is not.
        if (!shown || (shown->reason == absent && failure.reason != absent)) shown = std::move(failure);
    }
    if (!shown || shown->reason == absent) return std::unexpected(none_of(sockets));
    return std::unexpected(std::move(*shown));
}

}  // namespace krakken::client
