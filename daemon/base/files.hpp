#pragma once

// Folders and files of vault and state, by the contract's strict rules: folder 0700, files 0600, both of our
// own uid; links, fifos, foreign owners are refused before a byte is read. Everything happens relative to a
// held folder, so nobody can swap it underneath. All calls block: not for the event loop's thread after
// start.
//
// Errors: vault with details "reason" ("missing", "owner", "mode", "unreadable") naming path and remedy;
// storage when writing fails.

#include "protocol/descriptor.hpp"
#include "protocol/error.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace krakken::base {

using Bytes = std::vector<unsigned char>;
using protocol::Descriptor;

class StrictFolder {
public:
    // Opens the folder, and makes it (0700, its parents too) if it is missing.
    static protocol::Result<StrictFolder> open_or_make(const std::filesystem::path& path);
    // Opens the folder; "missing" if there is none.
    static protocol::Result<StrictFolder> open(const std::filesystem::path& path);

    const std::filesystem::path& path() const { return path_; }

    // True if the file is there and as it must be, false if it is missing.
    protocol::Result<bool> check(const std::string& name) const;
    protocol::Result<Bytes> read(const std::string& name, std::size_t max_size) const;
    // Puts a file in place of an older one, or of none, as one step that survives a power cut: written under
    // another name, synced, read again and shown to `accept`, renamed, folder synced. After an error the old
    // file stands as it was (or, if only the last sync failed, possibly the new one).
    protocol::Result<void> replace(
        const std::string& name,
        std::span<const unsigned char> bytes,
        const std::function<bool(std::span<const unsigned char>)>& accept
    ) const;
    protocol::Result<void> remove(const std::string& name) const;
    std::vector<std::string> names() const;

private:
    friend class InstanceLock;
    StrictFolder(std::filesystem::path path, Descriptor folder)
        : path_(std::move(path)), folder_(std::move(folder)) {}
    protocol::Result<Descriptor> open_file(const std::string& name, int flags) const;

    std::filesystem::path path_;
    Descriptor folder_;
};

// Held for the life of the process, so that a second one cannot work on the same folder. The kernel lets go
// of it when the process ends, however it ends.
class InstanceLock {
public:
    // Does not wait. storage with details "pid" if another process holds it.
    static protocol::Result<InstanceLock> take(const StrictFolder& folder, const std::string& name);

private:
    explicit InstanceLock(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

// Building blocks for files that lie elsewhere (a key file): all bytes of an open file, at most max_size, and
// writing all bytes with a sync.
protocol::Result<Bytes> read_all(int file, const std::filesystem::path& path, std::size_t max_size);
protocol::Result<void> write_all(
    int file, const std::filesystem::path& path, std::span<const unsigned char> bytes
);

}  // namespace krakken::base
