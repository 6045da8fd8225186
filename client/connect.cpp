#include "connect.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <system_error>

#include "protocol/platform.hpp"

namespace krakken::client {

namespace {

// The reason of a `no_daemon` where there is not even a socket.
constexpr std::string_view absent = "absent";

constexpr const char* start_it = "start it: 'krakkend' in a terminal, or 'systemctl start krakkend'";

Failure unreachable(const std::filesystem::path& socket, std::error_code error) {
    const std::string where = "at " + socket.string();
    if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted)
        return make_failure(
            FailureKind::no_daemon,
            "this user may not use the socket " + where,
            "use the account that krakkend runs as, or root; for the client socket a member of client_group"
        );
    Failure failure = make_failure(
        FailureKind::no_daemon, "no krakkend answers " + where + " (" + error.message() + ")", start_it
    );
    if (error == std::errc::no_such_file_or_directory) failure.reason = absent;
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

std::optional<uid_t> folder_owner(const std::filesystem::path& socket) {
    struct stat folder{};
    if (stat(socket.parent_path().c_str(), &folder) != 0) return std::nullopt;
    return folder.st_uid;
}

Failure untrusted(
    const std::filesystem::path& socket, const std::optional<protocol::PeerCredentials>& server
) {
    const std::string who = server ? "user id " + std::to_string(server->uid) : "an unknown user";
    return make_failure(
        FailureKind::untrusted,
        "the server at " + socket.string() + " belongs to " + who +
            ", which is not trusted; nothing was sent to it",
        "find out who put that socket there; a genuine krakkend runs as you, as root, or as the owner of the "
        "folder"
    );
}

}  // namespace

bool is_trusted(uid_t server, uid_t own, uid_t folder_owner) {
    if (server == own || server == 0) return true;
    return server == folder_owner && server != protocol::unmapped_uid;
}

namespace {

Outcome<Descriptor> connect_to(const std::filesystem::path& socket) {
    const auto stream = protocol::connect_local(socket);
    if (!stream) {
        Failure failure = unreachable(socket, stream.error());
        failure.retryable = stream.error() == std::errc::resource_unavailable_try_again;
        return std::unexpected(std::move(failure));
    }
    Descriptor descriptor(*stream);
    const auto server = protocol::peer_credentials(*stream);
    const auto owner = folder_owner(socket);
    if (!server || !is_trusted(server->uid, geteuid(), owner.value_or(protocol::unmapped_uid)))
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
