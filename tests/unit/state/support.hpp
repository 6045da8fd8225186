#pragma once

// What the tests of the state room share: a scratch folder, running a coroutine to its end, and a look at
// SQLite's commits from outside of the room.

#include "state/state_store.hpp"

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace krakken::state::test {

class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path database() const { return path_ / "state.db"; }

private:
    std::filesystem::path path_;
};

// Counts the commits of every connection opened while it lives, and can hold the writer inside one.
class CommitWatch {
public:
    CommitWatch();
    CommitWatch(const CommitWatch&) = delete;
    CommitWatch& operator=(const CommitWatch&) = delete;
    ~CommitWatch();

    int commits() const { return commits_.load(); }
    // The next commits block inside SQLite until release().
    void hold();
    void wait_until_held();
    void release();

    void on_commit();

private:
    std::atomic<int> commits_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool holding_ = false;
    bool held_ = false;
};

// Runs one coroutine until it and everything it started has ended.
template <class Value>
Value run(boost::asio::io_context& context, boost::asio::awaitable<Value> work) {
    std::optional<Value> result;
    std::exception_ptr failure;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr error, Value value) {
        failure = error;
        if (!error) result = std::move(value);
    });
    context.restart();
    context.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(result.value());
}

// One process' use of a store, for tests that open it again.
struct Opened {
    explicit Opened(const std::filesystem::path& folder, AuditSettings settings = {});

    // What is stored; throws std::runtime_error with the message of an error.
    std::optional<NonceMark> mark(const std::string& key);
    Result<void> save(const std::string& key, std::uint64_t bound, NonceUnit unit = NonceUnit::microseconds);

    // The audit's last rows, and whether its chain holds; throw likewise.
    std::vector<AuditRow> audit(AuditQuery query = {});
    AuditVerdict verify();

    boost::asio::io_context context{1};
    std::unique_ptr<StateStore> store;
};

// The error of opening `folder`, which must fail.
protocol::Error open_error(const std::filesystem::path& folder);

// Runs SQL on the file with a connection of its own; the store must be closed.
void execute(const std::filesystem::path& database, const char* sql);

}  // namespace krakken::state::test
