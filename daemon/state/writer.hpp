#pragma once

// The one thread that touches the database. Jobs queue up (bounded) and are committed in groups: while one
// group is being synced to disk the next one gathers, so many concurrent saves cost few fsyncs.

#include "audit_table.hpp"
#include "bot_nonce_table.hpp"
#include "freeze_table.hpp"
#include "intent_table.hpp"
#include "nonce_marks.hpp"
#include "order_owners.hpp"
#include "protocol/error.hpp"
#include "sqlite.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace krakken::state {

// More waiting jobs than any number of lanes can make: beyond it something is wrong, and memory is not spent.
inline constexpr std::size_t max_waiting_jobs = 4096;

// Every table, with its prepared statements.
struct Tables {
    Tables(Database& database, AuditSettings settings)
        : marks(database),
          intents(database),
          audit(database, settings),
          freezes(database),
          owners(database),
          bot_nonces(database) {}
    NonceMarks marks;
    IntentTable intents;
    AuditTable audit;
    FreezeTable freezes;
    OrderOwners owners;
    BotNonceTable bot_nonces;
};

// One piece of work; run and, with few exceptions, destroyed on the writer's thread.
class Job {
public:
    virtual ~Job() = default;
    // In the group's transaction. Errors: throws SqliteError.
    virtual void run(Tables& tables) = 0;
    // After the group's COMMIT has returned, or with the error that ended it. Called exactly once.
    virtual void complete(const std::optional<protocol::Error>& error) = 0;
    // How many jobs may wait in front of it before it is refused.
    virtual std::size_t patience() const { return max_waiting_jobs; }
};

class Writer {
public:
    // `folder` is for messages to people.
    Writer(Database database, std::string folder, AuditSettings settings);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    // Commits what is queued, then ends the thread. Blocks for as long as the disk does.
    ~Writer();

    // Never blocks. The job is completed with an error at once after a failure (storage) and when the queue
    // is full (overloaded).
    void submit(std::unique_ptr<Job> job);
    bool failed() const { return failed_.load(); }

private:
    // The connection and its prepared statements, which must go before it.
    struct Open {
        Open(Database taken, AuditSettings settings)
            : database(std::move(taken)), tables(database, settings) {}
        Database database;
        Tables tables;
    };
    using Group = std::vector<std::unique_ptr<Job>>;

    static std::unique_ptr<Open> tell_audit_head(std::unique_ptr<Open> open);
    bool queue(std::unique_ptr<Job>& job);
    void work();
    Group next_group();
    std::optional<protocol::Error> commit(const Group& group);
    void checkpoint_if_due();
    protocol::Error fail(const std::string& reason);
    protocol::Error failure() const;

    const std::string folder_;
    std::unique_ptr<Open> open_;  // the thread's alone; empty once failed
    std::atomic<bool> failed_ = false;

    std::mutex mutex_;
    std::condition_variable wake_;
    Group waiting_;
    bool stopping_ = false;

    std::thread thread_;  // last: it uses everything above
};

}  // namespace krakken::state
