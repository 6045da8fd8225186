#include "protocol/platform.hpp"

#include "protocol/descriptor.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <string_view>

namespace krakken::protocol {

namespace fs = std::filesystem;

namespace {

std::unexpected<std::error_code> failed(int error) {
    return std::unexpected(std::error_code(error, std::generic_category()));
}

// Closes what was made and tells what went wrong with it.
std::unexpected<std::error_code> give_up(LocalStream stream) {
    const int error = errno;
    ::close(stream);
    return failed(error);
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
    return reinterpret_cast<const sockaddr*>(&address);  // how sockets are addressed
}

LocalStream make_socket() {
    return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

// The XDG variable if it is absolute, as the XDG rules want it; else the folder below the home.
fs::path xdg(const Environment& environment, const char* variable, const char* below_home) {
    const std::string value = environment(variable);
    if (value.starts_with('/')) return fs::path(value) / "kraken_bot";
    const std::string home = environment("HOME");
    return home.empty() ? fs::path() : fs::path(home) / below_home / "kraken_bot";
}

// What stands behind the last '/', fit to be shown.
std::string plain_name(std::string_view path) {
    constexpr std::size_t longest = 64;
    constexpr std::string_view replaced = " (deleted)";  // the file, since it was started
    if (path.ends_with(replaced)) path.remove_suffix(replaced.size());
    std::string name(path.substr(path.rfind('/') + 1).substr(0, longest));
    std::ranges::replace_if(name, [](char c) { return c < ' ' || c > '~'; }, '?');
    return name;
}

std::string first_line(const std::string& file) {
    const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    std::array<char, 128> text{};
    const ssize_t size = opened.number() < 0 ? -1 : ::read(opened.number(), text.data(), text.size());
    if (size <= 0) return {};
    const std::string_view read(text.data(), static_cast<std::size_t>(size));
    return std::string(read.substr(0, read.find('\n')));
}

}  // namespace

std::expected<LocalStream, std::error_code> connect_local(const fs::path& path) {
    const auto address = address_of(path);
    if (!address) return failed(ENAMETOOLONG);
    const LocalStream stream = make_socket();
    if (stream < 0) return failed(errno);
    if (::connect(stream, generic(*address), sizeof *address) != 0) return give_up(stream);
    return stream;
}

std::expected<LocalStream, std::error_code> bind_local(const fs::path& path, mode_t mode) {
    const auto address = address_of(path);
    if (!address) return failed(ENAMETOOLONG);
    const LocalStream stream = make_socket();
    if (stream < 0) return failed(errno);
    // Between socket() and bind(), so that the file never has another mode, not even for a moment.
    if (::fchmod(stream, mode) != 0) return give_up(stream);
    if (::bind(stream, generic(*address), sizeof *address) != 0) return give_up(stream);
    // The umask may have taken bits away; it never adds any.
    if (::chmod(path.c_str(), mode) != 0) return give_up(stream);
    return stream;
}

std::optional<PeerCredentials> peer_credentials(LocalStream stream) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(stream, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
    PeerCredentials peer{credentials.uid, credentials.pid, {credentials.gid}};

    // The kernel says how many there are when the room is too small.
    std::vector<gid_t> groups(64);
    size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (getsockopt(stream, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) {
        groups.resize(size / sizeof(gid_t));
        if (getsockopt(stream, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return peer;
    }
    groups.resize(size / sizeof(gid_t));
    peer.groups.insert(peer.groups.end(), groups.begin(), groups.end());
    return peer;
}

std::string program_of(pid_t pid) {
    if (pid <= 0) return {};  // of another namespace
    const std::string folder = "/proc/" + std::to_string(pid);
    std::array<char, 4096> target{};
    const ssize_t size = ::readlink((folder + "/exe").c_str(), target.data(), target.size());
    if (size > 0) return plain_name({target.data(), static_cast<std::size_t>(size)});
    // A program that keeps others from looking into it, as krakkenctl does, still has this.
    return plain_name(first_line(folder + "/comm"));
}

fs::path standard_config_dir(const Environment& environment) {
    return xdg(environment, "XDG_CONFIG_HOME", ".config");
}

fs::path standard_state_dir(const Environment& environment, const fs::path& /*config_dir*/) {
    return xdg(environment, "XDG_STATE_HOME", ".local/state");
}

fs::path standard_runtime_dir(const Environment& environment, const fs::path& state_dir) {
    const std::string value = environment("XDG_RUNTIME_DIR");
    return value.starts_with('/') ? fs::path(value) / "krakkend" : state_dir / "run";
}

bool sync_to_disk(int file) {
    return ::fsync(file) == 0;
}

std::chrono::microseconds steady_time_with_sleep() {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_nsec / 1000);
}

bool forbid_inspection() {
#ifndef KRAKKEN_SANITIZED
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool forbid_new_privileges() {
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

}  // namespace krakken::protocol
