#include "writer.hpp"

#include "base/log.hpp"
#include "schema.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace krakken::state {

namespace {

// SQLite's own default: about 4 MiB of log before its pages move into the database.
constexpr int checkpoint_pages = 1000;

// A signal that lands on this thread could end an fsync with EINTR, which would count as a failed disk.
std::thread start_without_signals(auto function) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread thread(std::move(function));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
}

}  // namespace

// The last row of the audit, so that it stands where nobody who rewrites the database can change it.
std::unique_ptr<Writer::Open> Writer::tell_audit_head(std::unique_ptr<Open> open) {
    const AuditMark& head = open->tables.audit.head();
    base::log(base::LogLevel::info, "audit.head", {{"row", head.row}, {"hash", head.hash}});
    return open;
}

Writer::Writer(Database database, std::string folder, AuditSettings settings)
    : folder_(std::move(folder)),
      open_(tell_audit_head(std::make_unique<Open>(std::move(database), settings))),
      thread_(start_without_signals([this] { work(); })) {}

Writer::~Writer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Writer::submit(std::unique_ptr<Job> job) {
    if (failed()) return job->complete(failure());
    if (queue(job)) return wake_.notify_one();
    job->complete(protocol::make_error(
        protocol::ErrorCode::overloaded, "too many writes are waiting for the state folder's disk"
    ));
}

bool Writer::queue(std::unique_ptr<Job>& job) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= job->patience()) return false;
    waiting_.push_back(std::move(job));
    return true;
}

void Writer::work() {
    pthread_setname_np(pthread_self(), "state");
    for (Group group = next_group(); !group.empty(); group = next_group()) {
        const std::optional<protocol::Error> error = commit(group);
        for (const auto& job : group) {
            job->complete(error);
        }
        group.clear();
        checkpoint_if_due();
    }
}

// Empty once stopping and nothing is left.
Writer::Group Writer::next_group() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    return std::exchange(waiting_, {});
}

std::optional<protocol::Error> Writer::commit(const Group& group) {
    if (!open_) return failure();
    try {
        Transaction transaction(open_->database);
        for (const auto& job : group) {
            job->run(open_->tables);
        }
        transaction.commit();
        return std::nullopt;
    } catch (const SqliteError& error) {
        return fail(error.what());
    }
}

void Writer::checkpoint_if_due() {
    if (!open_ || open_->database.log_pages() < checkpoint_pages) return;
    try {
        open_->database.checkpoint();
    } catch (const SqliteError& error) {
        fail(error.what());
    }
}

// For good: after a failed write or fsync the file system may have dropped what it could not write, and a
// later success would prove nothing.
protocol::Error Writer::fail(const std::string& reason) {
    failed_ = true;
    open_.reset();
    base::log(base::LogLevel::error, "state.failed", {{"folder", folder_}, {"reason", reason}});
    return failure();
}

protocol::Error Writer::failure() const {
    return storage_error(
        "durable state in " + folder_ + " cannot be written",
        "check the disk, its free space and the folder's permissions (the log has the reason), then restart "
        "krakkend"
    );
}

}  // namespace krakken::state
