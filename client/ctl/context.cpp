#include "context.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "report.hpp"

namespace krakken::ctl {

namespace {

std::optional<std::filesystem::path> given(const std::string& path) {
    if (path.empty()) return std::nullopt;
    return path;
}

}  // namespace

protocol::PathChoices Context::folders() const {
    return {given(config_dir), given(state_dir), given(runtime_dir)};
}

std::vector<std::filesystem::path> Context::sockets(protocol::SocketKind kind) const {
    return client::find_sockets(kind, {given(socket), folders()});
}

client::Outcome<client::Client> Context::connect(protocol::SocketKind kind) const {
    return client::Client::connect(sockets(kind));
}

uid_t owner_of(const std::filesystem::path& socket) {
    struct stat about{};
    return stat(socket.c_str(), &about) == 0 ? about.st_uid : geteuid();
}

Finished finish(const Context& context, std::string_view result, const Readable& readable) {
    if (context.json) {
        print_json(result);
    } else {
        print(readable(result));
    }
    return ExitStatus::done;
}

Finished ask_and_print(
    const Context& context,
    protocol::SocketKind kind,
    std::string_view method,
    std::string_view params,
    const Readable& readable
) {
    auto daemon = context.connect(kind);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto result = daemon->request(method, params);
    if (!result) return std::unexpected(result.error());
    return finish(context, *result, readable);
}

}  // namespace krakken::ctl
