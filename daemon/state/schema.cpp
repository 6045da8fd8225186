#include "schema.hpp"

#include "base/files.hpp"

#include <sqlite3.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

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
    // unit_proven: 1 when Kraken has taken a nonce of the key, so that its unit is right. Keys of version 1
    // may
    // have been used for long, and a refusal says something else about them.
    "ALTER TABLE nonce_mark ADD COLUMN unit_proven INTEGER NOT NULL DEFAULT 1"
    " CHECK (unit_proven BETWEEN 0 AND 1);",
    // Times are microseconds since 1970; settled_at below 0: by a clock that may have been wrong. state: 0
    // sent, 1 placed, 2 not placed, 3 unknown. An idempotency key
    // that was freed is empty.
    "CREATE TABLE intent ("
    " id TEXT NOT NULL UNIQUE,"
    " client TEXT NOT NULL,"
    " account TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " nonce INTEGER NOT NULL,"
    " endpoint TEXT NOT NULL,"
    " sought TEXT NOT NULL,"
    " idempotency_key TEXT NOT NULL,"
    " arguments_hash TEXT NOT NULL,"
    " sent_at INTEGER NOT NULL,"
    " state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3),"
    " cancel_when_found INTEGER NOT NULL DEFAULT 0 CHECK (cancel_when_found BETWEEN 0 AND 1),"
    " outcome TEXT NOT NULL DEFAULT '',"
    " reason TEXT NOT NULL DEFAULT '',"
    " settled_at INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE UNIQUE INDEX intent_by_key ON intent (client, account, idempotency_key) WHERE idempotency_key <> "
    "'';"
    "CREATE INDEX intent_open ON intent (state) WHERE state IN (0, 3);"
    "CREATE INDEX intent_settled ON intent (settled_at);",
    // audit: see audit_chain.hpp. uid, pid and program of an intent: who asked for it.
    "CREATE TABLE audit ("
    " number INTEGER PRIMARY KEY,"
    " at INTEGER NOT NULL,"
    " uid INTEGER NOT NULL,"
    " pid INTEGER NOT NULL,"
    " program TEXT NOT NULL,"
    " what TEXT NOT NULL,"
    " account TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " nonce INTEGER NOT NULL,"
    " call_id TEXT NOT NULL,"
    " ids TEXT NOT NULL,"
    " outcome TEXT NOT NULL,"
    " hash TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX audit_checkpoint ON audit (number) WHERE what = 'audit.checkpoint';"
    "ALTER TABLE intent ADD COLUMN uid INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE intent ADD COLUMN pid INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE intent ADD COLUMN program TEXT NOT NULL DEFAULT '';",
    // What a person has frozen: scope is "all", "account:NAME" or "bot:NAME".
    "CREATE TABLE freeze ("
    " scope TEXT PRIMARY KEY NOT NULL,"
    " reason TEXT NOT NULL,"
    " at INTEGER NOT NULL,"
    " uid INTEGER NOT NULL,"
    " pid INTEGER NOT NULL,"
    " program TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    // Whose orders are whose; notional of an intent: what it may cost at most, as "100USD", where a limit
    // wanted to know.
    "CREATE TABLE order_owner (txid TEXT PRIMARY KEY NOT NULL, client TEXT NOT NULL) STRICT;"
    "ALTER TABLE intent ADD COLUMN notional TEXT NOT NULL DEFAULT '';",
    // The highest nonce of this many digits that a bot has signed a call with that acts.
    "CREATE TABLE bot_nonce ("
    " bot_key TEXT NOT NULL,"
    " digits INTEGER NOT NULL,"
    " nonce TEXT NOT NULL,"
    " PRIMARY KEY (bot_key, digits)"
    ") STRICT, WITHOUT ROWID;",
};

constexpr const char* damaged_remedy =
    "restore it from a backup, or move it away; keys then start at the clock";

// What the strict rules for state files say, as a failure of storage.
Error refused(Error error) {
    return storage_error(std::move(error.message), std::move(error.remedy));
}

// The folder and SQLite's two files must be plainly ours; the database is made, empty, if it is missing.
std::optional<Error> prepare_files(const std::filesystem::path& folder) {
    const auto strict = base::StrictFolder::open(folder);
    if (!strict) return refused(strict.error());
    const auto log = strict->check("state.db-wal");
    if (!log) return refused(log.error());
    const auto database = strict->check("state.db");
    if (!database) return refused(database.error());
    if (*database) return std::nullopt;
    const auto made = strict->replace("state.db", {}, [](std::span<const unsigned char>) { return true; });
    if (!made) return refused(made.error());
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

// All but the audit: it grows so long that a start would wait for it, and it has a check of its own.
std::vector<std::string> tables_to_check(Database& database) {
    Statement names =
        database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'audit'");
    std::vector<std::string> tables;
    while (names.step())
        tables.push_back(names.text(0));
    return tables;
}

std::optional<Error> check_content(Database& database, const std::filesystem::path& path) {
    for (const std::string& table : tables_to_check(database)) {
        Statement check = database.prepare("SELECT * FROM pragma_quick_check(?1)");
        check.bind(1, table);
        const std::string verdict = check.step() ? check.text(0) : "ok";
        if (verdict != "ok")
            return storage_error(
                "the state database " + path.string() + " is damaged: " + verdict, damaged_remedy
            );
    }
    return std::nullopt;
}

std::optional<Error> migrate(Database& database, const std::filesystem::path& path) {
    const auto newest = static_cast<std::int64_t>(migrations.size());
    const std::int64_t version = database.integer("PRAGMA user_version");
    if (version < 0 || version > newest) {
        return storage_error(
            "the state database " + path.string() + " has version " + std::to_string(version) +
                "; this program knows versions up to " + std::to_string(newest),
            "use the newer krakkend that wrote it"
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
                "the state database " + path.string() + " is in use by another process",
                "stop the other krakkend (or whatever has the file open), then start again"
            );
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
            return storage_error(
                "the state database " + path.string() + " is damaged: " + error.what(), damaged_remedy
            );
        default:
            return storage_error(
                "the state database " + path.string() + " cannot be opened: " + error.what(),
                "check free space and permissions of its folder, then start again"
            );
    }
}

}  // namespace

Error storage_error(std::string sentence, std::string remedy) {
    return protocol::make_error(protocol::ErrorCode::storage, std::move(sentence))
        .with_remedy(std::move(remedy));
}

Result<Database> open_database(const std::filesystem::path& folder) {
    if (auto failure = prepare_files(folder)) return std::unexpected(std::move(*failure));
    const std::filesystem::path path = folder / "state.db";
    try {
        Database database(path);
        take_lock(database);
        if (auto damage = check_content(database, path)) return std::unexpected(std::move(*damage));
        if (auto refusal = migrate(database, path)) return std::unexpected(std::move(*refusal));
        return database;
    } catch (const SqliteError& failure) {
        return std::unexpected(open_error(failure, path));
    }
}

}  // namespace krakken::state
