#include "sqlite.hpp"

#include <sqlite3.h>

namespace krakken::state {

namespace {

[[noreturn]] void fail(sqlite3* connection, int code) {
    std::string text = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    // "disk I/O error" alone says too little: the extended code names the operation, errno the cause.
    if (connection != nullptr) {
        text += " (code " + std::to_string(sqlite3_extended_errcode(connection));
        text += ", errno " + std::to_string(sqlite3_system_errno(connection)) + ")";
    }
    throw SqliteError(code & 0xff, text);
}

void check(sqlite3* connection, int code) {
    if (code != SQLITE_OK) fail(connection, code);
}

int remember_log_pages(void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

void Statement::bind(int parameter, std::int64_t value) {
    check(sqlite3_db_handle(statement_.get()), sqlite3_bind_int64(statement_.get(), parameter, value));
}

void Statement::bind(int parameter, std::string_view text) {
    const int code = sqlite3_bind_text(
        statement_.get(), parameter, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT
    );
    check(sqlite3_db_handle(statement_.get()), code);
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    fail(sqlite3_db_handle(statement_.get()), code);
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
    // sqlite3_column_text answers unsigned bytes; column_blob answers the same bytes untyped.
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
}

void Database::Close::operator()(sqlite3* connection) const {
    sqlite3_close_v2(connection);
}

Database::Database(const std::filesystem::path& file) {
    sqlite3* connection = nullptr;
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(file.c_str(), &connection, flags, nullptr);
    connection_.reset(connection);
    check(connection, code);
    // Checkpoints are ours: SQLite hides the errors of those it makes by itself (after a commit and at
    // close), and a failed fsync that nobody heard of may be followed by one that succeeds with data lost.
    check(connection, sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr));
    check(connection, sqlite3_wal_autocheckpoint(connection, 0));
    sqlite3_wal_hook(connection, remember_log_pages, log_pages_.get());
    // A damaged or hostile schema must not run functions of ours.
    check(connection, sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr));
    check(connection, sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr));
}

void Database::execute(const char* sql) {
    check(connection_.get(), sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr));
}

Statement Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(
        connection_.get(),
        sql.data(),
        static_cast<int>(sql.size()),
        SQLITE_PREPARE_PERSISTENT,
        &statement,
        nullptr
    );
    check(connection_.get(), code);
    return Statement(statement);
}

std::int64_t Database::integer(std::string_view sql) {
    Statement statement = prepare(sql);
    return statement.step() ? statement.integer(0) : 0;
}

std::string Database::text(std::string_view sql) {
    Statement statement = prepare(sql);
    return statement.step() ? statement.text(0) : std::string();
}

void Database::checkpoint() {
    check(
        connection_.get(),
        sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr)
    );
    *log_pages_ = 0;
}

Transaction::Transaction(Database& database) : database_(database) {
    database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
    if (!open_) return;
    try {
        database_.execute("ROLLBACK");
    } catch (const SqliteError&) {
        // SQLite has rolled back by itself, or the database is closed next; nothing more can be undone.
    }
}

void Transaction::commit() {
    database_.execute("COMMIT");
    open_ = false;
}

}  // namespace krakken::state
