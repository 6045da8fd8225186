#pragma once

// A thin owner for what SQLite hands out: connection, statement, transaction. Every error is thrown as
// SqliteError, because in this room an error ends the use of the database; the store turns it into a Result.
// One thread at a time per connection.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace krakken::state {

class SqliteError : public std::runtime_error {
public:
    SqliteError(int code, const std::string& text) : std::runtime_error(text), code_(code) {}

    // The primary result code (SQLITE_BUSY, SQLITE_NOTADB, ...).
    int code() const { return code_; }

private:
    int code_;
};

class Statement {
public:
    // Parameters count from 1, columns from 0, as in SQLite.
    void bind(int parameter, std::int64_t value);
    void bind(int parameter, std::string_view text);
    // True while there is a row.
    bool step();
    std::int64_t integer(int column) const;
    std::string text(int column) const;
    // Ready for the next use; bound values stay until bound again.
    void reset();

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
public:
    // Opens an existing file for reading and writing; links are not followed in any part of the path.
    explicit Database(const std::filesystem::path& file);

    // Runs statements that answer nothing of interest.
    void execute(const char* sql);
    Statement prepare(std::string_view sql);
    // The first column of the first row.
    std::int64_t integer(std::string_view sql);
    std::string text(std::string_view sql);

    // Pages in the write-ahead log since it was last emptied, as of the last commit.
    int log_pages() const { return *log_pages_; }
    // Moves the log's pages into the database file.
    void checkpoint();

private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    std::unique_ptr<int> log_pages_ = std::make_unique<int>(0);  // SQLite's hook keeps its address
    std::unique_ptr<sqlite3, Close> connection_;
};

// Rolled back unless committed.
class Transaction {
public:
    explicit Transaction(Database& database);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    void commit();

private:
    Database& database_;
    bool open_ = true;
};

}  // namespace krakken::state
