#include "schema.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

namespace krakken::state {

namespace {

using protocol::Error;
using protocol::Result;

// Migration n brings a database of version n to version n + 1. Entries are only ever added: what a released
// program has written must stay readable.
constexpr std::array migrations = {
    // bound: no value above it was ever sent; unit: 0 microseconds, 1 ten nanoseconds, 2 nanoseconds.
    "CREATE TABLE nonce_mark ("
    " key TEXT PRIMARY KEY NOT NULL,"
    " bound INTEGER NOT NULL CHECK (bound >= 0),"
    " unit INTEGER NOT NULL CHECK (unit BETWEEN 0 AND 2)"
    ") STRICT, WITHOUT ROWID;",
};

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    int number() const { return number_; }
    bool ok() const { return number_ >= 0; }

private:
    int number_;
};

Error system_error(const std::string& what, const std::filesystem::path& path) {
    const std::string text = std::generic_category().message(errno);
    return storage_error(
        "The state " + what + " " + path.string() + " cannot be used: " + text + ".",
        "Check that the folder exists, is writable for the daemon's user and has free space."
    );
}

// A file that is not plainly ours (a link, a fifo, a second name, another owner) may be somebody's trap.
std::optional<Error> refuse_foreign_file(const Descriptor& folder, const std::filesystem::path& path) {
    struct stat info{};
    if (::fstatat(folder.number(), path.filename().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return std::nullopt;
        return system_error("file", path);
    }
    const bool plain = S_ISREG(info.st_mode) && info.st_nlink == 1 && info.st_uid == ::geteuid();
    if (plain && (info.st_mode & 0077U) == 0) return std::nullopt;
    return storage_error(
        "The state file " + path.string() + " is not a private regular file of this user.",
        "Move it away, or make it a regular file of the daemon's user with mode 0600."
    );
}

std::optional<Error> create_file(const Descriptor& folder, const std::filesystem::path& path) {
    const int flags = O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC;
    const Descriptor file(::openat(folder.number(), path.filename().c_str(), flags, 0600));
    if (!file.ok() && errno != EEXIST) return system_error("file", path);
    return std::nullopt;
}

void take_lock(Database& database) {
    // Exclusive before WAL: then the log's index is in memory of this process and no third file is needed.
    database.execute("PRAGMA locking_mode = EXCLUSIVE");
    database.execute("PRAGMA journal_mode = WAL");
    database.execute("PRAGMA synchronous = FULL");
    if (database.text("PRAGMA journal_mode") != "wal") {
        throw SqliteError(SQLITE_ERROR, "the database cannot use a write-ahead log here");
    }
    // The lock is taken by the first transaction, and kept.
    Transaction transaction(database);
    transaction.commit();
}

std::optional<Error> check_content(Database& database, const std::filesystem::path& path) {
    const std::string verdict = database.text("PRAGMA quick_check(1)");
    if (verdict == "ok") return std::nullopt;
    return storage_error(
        "The state database " + path.string() + " is damaged: " + verdict + ".",
        "Restore it from a backup, or move it away; keys then start above their legacy floors and the clock."
    );
}

std::optional<Error> migrate(Database& database, const std::filesystem::path& path) {
    const auto newest = static_cast<std::int64_t>(migrations.size());
    const std::int64_t version = database.integer("PRAGMA user_version");
    if (version < 0 || version > newest) {
        return storage_error(
            "The state database " + path.string() + " has version " + std::to_string(version) +
                "; this program knows versions up to " + std::to_string(newest) + ".",
            "Use the newer krakkend that wrote it."
        );
    }
    if (version == newest) return std::nullopt;
    Transaction transaction(database);
    for (auto next = static_cast<std::size_t>(version); next < migrations.size(); ++next) {
        database.execute(migrations[next]);
    }
    const std::string set_version = "PRAGMA user_version = " + std::to_string(newest);
    database.execute(set_version.c_str());
    transaction.commit();
    return std::nullopt;
}

Error open_error(const SqliteError& error, const std::filesystem::path& path) {
    switch (error.code()) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return storage_error(
                "The state database " + path.string() + " is in use by another process.",
                "Stop the other krakkend (or whatever has the file open), then start again."
            );
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
            return storage_error(
                "The state database " + path.string() + " is damaged: " + error.what() + ".",
                "Restore it from a backup, or move it away; keys then start above their legacy floors and "
                "the clock."
            );
        default:
            return storage_error(
                "The state database " + path.string() + " cannot be opened: " + error.what() + ".",
                "Check free space and permissions of its folder, then start again."
            );
    }
}

}  // namespace

Error storage_error(std::string sentence, std::string remedy) {
    return protocol::make_error(protocol::ErrorCode::storage, std::move(sentence))
        .with_remedy(std::move(remedy));
}

Result<Database> open_database(const std::filesystem::path& folder) {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::canonical(folder, error) / "state.db";
    if (error) {
        errno = error.value();
        return std::unexpected(system_error("folder", folder));
    }
    const Descriptor directory(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.ok()) return std::unexpected(system_error("folder", folder));
    for (const char* suffix : {"", "-wal"}) {
        if (auto foreign = refuse_foreign_file(directory, path.string() + suffix)) {
            return std::unexpected(std::move(*foreign));
        }
    }
    if (auto failure = create_file(directory, path)) return std::unexpected(std::move(*failure));
    try {
        Database database(path);
        take_lock(database);
        if (auto damage = check_content(database, path)) return std::unexpected(std::move(*damage));
        if (auto refusal = migrate(database, path)) return std::unexpected(std::move(*refusal));
        // SQLite makes the names of its own files durable, but not that of a file it found.
        if (::fsync(directory.number()) != 0) return std::unexpected(system_error("folder", folder));
        return database;
    } catch (const SqliteError& failure) {
        return std::unexpected(open_error(failure, path));
    }
}

}  // namespace krakken::state
