#include "base/files.hpp"

#include "protocol/platform.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

namespace krakken::base {

using protocol::ErrorCode;
using protocol::Result;

namespace {

std::string reason_of(int error) {
    return std::generic_category().message(error);
}

std::unexpected<protocol::Error> refuse(const char* reason, std::string message, std::string remedy) {
    return std::unexpected(protocol::make_error(ErrorCode::vault, std::move(message))
                               .with("reason", reason)
                               .with_remedy(std::move(remedy)));
}

std::unexpected<protocol::Error> cannot_open(const std::filesystem::path& path, int error) {
    const std::string name = path.string();
    if (error == ENOENT) return refuse("missing", fmt::format("{} does not exist", name), "");
    if (error == ELOOP || error == ENOTDIR)
        return refuse(
            "unreadable",
            fmt::format("{} is a link or not of the kind it must be", name),
            fmt::format("put the real file or folder at {}", name)
        );
    return refuse(
        "unreadable",
        fmt::format("{} cannot be opened: {}", name, reason_of(error)),
        fmt::format("check the owner and the rights of {} and of the folders above it", name)
    );
}

std::unexpected<protocol::Error> cannot_write(const std::filesystem::path& path, int error) {
    return std::unexpected(protocol::make_error(
                               ErrorCode::storage,
                               fmt::format("{} cannot be written: {}", path.string(), reason_of(error))
    )
                               .with_remedy("check free space and rights there"));
}

// The rules that hold for a folder and for a file alike.
Result<void> check_owner_and_mode(const struct stat& status, mode_t mode, const std::filesystem::path& path) {
    const std::string name = path.string();
    if (status.st_uid != geteuid())
        return refuse(
            "owner",
            fmt::format("{} belongs to uid {}, not to uid {}", name, status.st_uid, geteuid()),
            fmt::format("run: chown {} '{}'", geteuid(), name)
        );
    // Only the rights: a folder may have inherited its parent's setgid bit.
    if ((status.st_mode & 0777) != mode)
        return refuse(
            "mode",
            fmt::format("{} has mode {:04o}; it must be {:04o}", name, status.st_mode & 0777, mode),
            fmt::format("run: chmod {:04o} '{}'", mode, name)
        );
    return {};
}

Result<void> check_file(int file, const std::filesystem::path& path) {
    struct stat status{};
    if (fstat(file, &status) != 0) return cannot_open(path, errno);
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
        return refuse(
            "unreadable",
            fmt::format("{} is not a regular file with a single name", path.string()),
            fmt::format("put a copy of the real file at {}", path.string())
        );
    return check_owner_and_mode(status, 0600, path);
}

std::string temporary_name(const std::string& name) {
    std::array<unsigned char, 8> random{};
    randombytes_buf(random.data(), random.size());
    std::array<char, 2 * random.size() + 1> hex{};
    sodium_bin2hex(hex.data(), hex.size(), random.data(), random.size());
    return fmt::format(".{}.{}.tmp", name, hex.data());
}

}  // namespace

Result<Bytes> read_all(int file, const std::filesystem::path& path, std::size_t max_size) {
    struct stat status{};
    if (fstat(file, &status) != 0) return cannot_open(path, errno);
    // Room for what is there and one byte more, which tells a file that is too large or grows.
    Bytes bytes(std::min(static_cast<std::size_t>(status.st_size), max_size) + 1);
    std::size_t used = 0;
    while (used < bytes.size()) {
        const ssize_t count = pread(file, bytes.data() + used, bytes.size() - used, static_cast<off_t>(used));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return cannot_open(path, errno);
        if (count == 0) break;
        used += static_cast<std::size_t>(count);
    }
    if (used == bytes.size())
        return refuse(
            "unreadable",
            fmt::format("{} is larger than {} bytes, or changes", path.string(), max_size),
            "put the right file there"
        );
    bytes.resize(used);
    return bytes;
}

Result<void> write_all(int file, const std::filesystem::path& path, std::span<const unsigned char> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(file, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return cannot_write(path, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    // A sync that failed is final: a second one may succeed although the data is gone.
    if (!protocol::sync_to_disk(file)) return cannot_write(path, errno);
    return {};
}

Result<StrictFolder> StrictFolder::open(const std::filesystem::path& path) {
    Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return cannot_open(path, errno);
    struct stat status{};
    if (fstat(folder.number(), &status) != 0) return cannot_open(path, errno);
    if (auto checked = check_owner_and_mode(status, 0700, path); !checked)
        return std::unexpected(std::move(checked.error()));
    return StrictFolder(path, std::move(folder));
}

Result<StrictFolder> StrictFolder::open_or_make(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) return cannot_write(path.parent_path(), error.value());
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return cannot_write(path, errno);
    return open(path);
}

Result<Descriptor> StrictFolder::open_file(const std::string& name, int flags) const {
    // O_NONBLOCK: a fifo must be refused, not waited for.
    Descriptor file(openat(folder_.number(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600)
    );
    if (!file) return cannot_open(path_ / name, errno);
    if (auto checked = check_file(file.number(), path_ / name); !checked)
        return std::unexpected(std::move(checked.error()));
    return file;
}

Result<bool> StrictFolder::check(const std::string& name) const {
    const auto file = open_file(name, O_RDONLY);
    if (file) return true;
    if (file.error().details.at("reason") == "missing") return false;
    return std::unexpected(file.error());
}

Result<Bytes> StrictFolder::read(const std::string& name, std::size_t max_size) const {
    const auto file = open_file(name, O_RDONLY);
    if (!file) return std::unexpected(file.error());
    return read_all(file->number(), path_ / name, max_size);
}

Result<void> StrictFolder::replace(
    const std::string& name,
    std::span<const unsigned char> bytes,
    const std::function<bool(std::span<const unsigned char>)>& accept
) const {
    const std::string temporary = temporary_name(name);
    const auto give_up = [&](protocol::Error error) {
        unlinkat(folder_.number(), temporary.c_str(), 0);
        return std::unexpected(std::move(error));
    };
    const auto file = Descriptor(
        openat(folder_.number(), temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)
    );
    if (!file) return cannot_write(path_ / name, errno);
    if (auto written = write_all(file.number(), path_ / name, bytes); !written)
        return give_up(std::move(written.error()));
    const auto again = read_all(file.number(), path_ / name, bytes.size());
    if (!again) return give_up(again.error());
    if (!accept(*again)) return give_up(cannot_write(path_ / name, EIO).error());
    if (renameat(folder_.number(), temporary.c_str(), folder_.number(), name.c_str()) != 0)
        return give_up(cannot_write(path_ / name, errno).error());
    if (!protocol::sync_to_disk(folder_.number())) return cannot_write(path_, errno);
    return {};
}

Result<void> StrictFolder::remove(const std::string& name) const {
    if (unlinkat(folder_.number(), name.c_str(), 0) != 0) return cannot_write(path_ / name, errno);
    return {};
}

std::vector<std::string> StrictFolder::names() const {
    std::vector<std::string> found;
    // A descriptor of its own: the list's reading position must not be shared with folder_.
    const int list = openat(folder_.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (list < 0) return found;
    const auto end_list = [](DIR* stream) { closedir(stream); };
    const std::unique_ptr<DIR, decltype(end_list)> stream(fdopendir(list), end_list);
    if (!stream) {
        close(list);
        return found;
    }
    while (const dirent* entry = readdir(stream.get()))
        found.emplace_back(entry->d_name);
    return found;
}

Result<InstanceLock> InstanceLock::take(const StrictFolder& folder, const std::string& name) {
    auto file = folder.open_file(name, O_RDWR | O_CREAT);
    if (!file) return std::unexpected(std::move(file.error()));
    const std::filesystem::path path = folder.path() / name;
    if (flock(file->number(), LOCK_EX | LOCK_NB) != 0) {
        const auto text = read_all(file->number(), path, 32);
        long pid = 0;
        if (text) {
            const char* first = reinterpret_cast<const char*>(text->data());
            std::from_chars(first, first + text->size(), pid);
        }
        return std::unexpected(
            protocol::make_error(
                ErrorCode::storage,
                fmt::format("another process (pid {}) holds {}", pid, folder.path().string())
            )
                .with("pid", pid)
                .with_remedy("stop that process, or give this one another folder")
        );
    }
    const std::string pid = std::to_string(getpid());
    if (ftruncate(file->number(), 0) != 0) return cannot_write(path, errno);
    const std::span text(reinterpret_cast<const unsigned char*>(pid.data()), pid.size());
    if (auto written = write_all(file->number(), path, text); !written)
        return std::unexpected(std::move(written.error()));
    return InstanceLock(std::move(*file));
}

}  // namespace krakken::base
