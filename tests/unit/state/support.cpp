#include "support.hpp"

#include <sqlite3.h>
#include <stdlib.h>

#include <stdexcept>

namespace krakken::state::test {

namespace {

std::atomic<CommitWatch*> the_watch = nullptr;

int count_commit(void* watch) {
    static_cast<CommitWatch*>(watch)->on_commit();
    return 0;
}

int watch_connection(sqlite3* connection, const char**, const struct sqlite3_api_routines*) {
    sqlite3_commit_hook(connection, count_commit, the_watch.load());
    return SQLITE_OK;
}

// SQLite's declared type of an extension's entry point differs from what it calls.
auto* const watch_entry = reinterpret_cast<void (*)()>(watch_connection);

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "krakken-state-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::filesystem::remove_all(path_);
}

CommitWatch::CommitWatch() {
    the_watch = this;
    sqlite3_auto_extension(watch_entry);
}

CommitWatch::~CommitWatch() {
    sqlite3_cancel_auto_extension(watch_entry);
    the_watch = nullptr;
}

void CommitWatch::hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
}

void CommitWatch::wait_until_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return held_; });
}

void CommitWatch::release() {
    {
        const std::lock_guard lock(mutex_);
        holding_ = false;
    }
    changed_.notify_all();
}

void CommitWatch::on_commit() {
    ++commits_;
    std::unique_lock lock(mutex_);
    held_ = holding_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !holding_; });
    held_ = false;
}

Opened::Opened(const std::filesystem::path& folder, AuditSettings settings) {
    auto opened = open_state_store(context.get_executor(), folder, settings);
    if (!opened) throw std::runtime_error(opened.error().message);
    store = std::move(*opened);
}

std::optional<NonceMark> Opened::mark(const std::string& key) {
    auto found = run(context, store->nonce_mark(base::KeyId(key)));
    if (!found) throw std::runtime_error(found.error().message);
    return *found;
}

Result<void> Opened::save(const std::string& key, std::uint64_t bound, NonceUnit unit) {
    return run(context, store->save_nonce_mark(base::KeyId(key), NonceMark{base::Nonce(bound), unit}));
}

std::vector<AuditRow> Opened::audit(AuditQuery query) {
    auto rows = run(context, store->audit(std::move(query)));
    if (!rows) throw std::runtime_error(rows.error().message);
    return std::move(*rows);
}

AuditVerdict Opened::verify() {
    auto verdict = run(context, store->verify_audit());
    if (!verdict) throw std::runtime_error(verdict.error().message);
    return *verdict;
}

protocol::Error open_error(const std::filesystem::path& folder) {
    boost::asio::io_context context{1};
    auto opened = open_state_store(context.get_executor(), folder);
    if (opened) throw std::runtime_error("the folder could be opened");
    return opened.error();
}

void execute(const std::filesystem::path& database, const char* sql) {
    sqlite3* connection = nullptr;
    sqlite3_open(database.c_str(), &connection);
    char* message = nullptr;
    const int code = sqlite3_exec(connection, sql, nullptr, nullptr, &message);
    const std::string text = message == nullptr ? "" : message;
    sqlite3_free(message);
    sqlite3_close(connection);
    if (code != SQLITE_OK) throw std::runtime_error(text);
}

}  // namespace krakken::state::test
