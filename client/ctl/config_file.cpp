#include "config_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "protocol/descriptor.hpp"
#include "protocol/platform.hpp"

namespace krakken::ctl {

namespace fs = std::filesystem;
using protocol::Descriptor;

namespace {

constexpr std::size_t max_config = std::size_t{1} << 20U;

std::unexpected<std::string> because(const std::string& what) {
    return std::unexpected(what + ": " + std::generic_category().message(errno));
}

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// The folder is the daemon's, root's or ours: whoever else owns it could lead root astray.
std::expected<void, std::string> ensure_folder(const fs::path& folder, uid_t daemon) {
    struct stat about{};
    if (stat(folder.c_str(), &about) == 0) {
        if (!S_ISDIR(about.st_mode)) return std::unexpected(folder.string() + " is no folder");
        if (about.st_uid == geteuid() || about.st_uid == 0 || about.st_uid == daemon) return {};
        return std::unexpected("the folder " + folder.string() + " belongs to another user");
    }
    if (errno != ENOENT) return because("cannot look at the folder " + folder.string());
    std::error_code failed;
    fs::create_directories(folder.parent_path(), failed);
    if (!failed && mkdir(folder.c_str(), daemon == geteuid() ? 0700 : 0755) == 0) return {};
    if (failed) errno = failed.value();
    return because("cannot make the folder " + folder.string());
}

// Owner and mode of what is replaced; of a new file: what lets the daemon read it.
bool make_alike(int descriptor, const fs::path& target, uid_t daemon) {
    struct stat before{};
    if (stat(target.c_str(), &before) != 0)
        return errno == ENOENT && fchmod(descriptor, daemon == geteuid() ? 0600 : 0644) == 0;
    const bool own = before.st_uid == geteuid() && before.st_gid == getegid();
    if (!own && fchown(descriptor, before.st_uid, before.st_gid) != 0) return false;
    return fchmod(descriptor, before.st_mode & 07777) == 0;
}

}  // namespace

std::expected<std::optional<std::string>, std::string> read_config(const fs::path& path) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file && errno == ENOENT) {
        struct stat link{};
        if (lstat(path.c_str(), &link) != 0) return std::nullopt;
        return std::unexpected(path.string() + " is a link that leads nowhere");
    }
    if (!file) return because("cannot open " + path.string());
    struct stat about{};
    if (fstat(file.number(), &about) != 0 || !S_ISREG(about.st_mode))
        return std::unexpected(path.string() + " is not a regular file");
    std::string text;
    for (std::array<char, 4096> piece{};;) {
        const ssize_t got = read(file.number(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return because("cannot read " + path.string());
        if (got == 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > max_config) return std::unexpected(path.string() + " is too long");
    }
}

std::expected<void, std::string> replace_config(const fs::path& path, const std::string& text, uid_t daemon) {
    std::error_code missing;
    fs::path target = fs::canonical(path, missing);
    if (missing) target = path;
    const fs::path folder = target.parent_path();
    if (auto ensured = ensure_folder(folder, daemon); !ensured) return ensured;

    std::string temporary = target.string() + ".XXXXXX";
    const Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
    if (!file) return because("cannot write in " + folder.string());
    const bool written = write_all(file.number(), text) && make_alike(file.number(), target, daemon) &&
                         protocol::sync_to_disk(file.number()) &&
                         rename(temporary.c_str(), target.c_str()) == 0;
    if (!written) {
        const int error = errno;
        unlink(temporary.c_str());
        errno = error;
        return because("cannot write " + target.string());
    }
    // It is there; after a power cut it may be the old one, which is no harm.
    const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened) (void)protocol::sync_to_disk(opened.number());
    return {};
}

}  // namespace krakken::ctl
