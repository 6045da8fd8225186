// Crashes and disks that fail: an acknowledged mark is there afterwards, and a store that could not write
// once never claims to have written again.

#include "support.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>

using namespace krakken;
using namespace krakken::state;
using namespace krakken::state::test;
using protocol::ErrorCode;

namespace {

constexpr const char* folder_variable = "KRAKKEN_TEST_STATE_FOLDER";
constexpr int acknowledgements = 1;  // the child's standard output

// A process of its own that saves rising marks for ever and writes each to its standard output once it has
// been acknowledged.
class SavingChild {
public:
    explicit SavingChild(const std::filesystem::path& folder) {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe failed");
        process_ = ::fork();
        if (process_ == 0) {
            ::dup2(ends[1], acknowledgements);
            ::setenv(folder_variable, folder.c_str(), 1);
            ::execl("/proc/self/exe", "test_state", "[.state_child]", nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        from_child_ = ends[0];
    }
    SavingChild(const SavingChild&) = delete;
    SavingChild& operator=(const SavingChild&) = delete;
    ~SavingChild() { ::close(from_child_); }

    // The next acknowledged bound; 0 at the end of the stream.
    std::uint64_t next() {
        std::uint64_t bound = 0;
        const ssize_t size = ::read(from_child_, &bound, sizeof bound);
        return size == static_cast<ssize_t>(sizeof bound) ? bound : 0;
    }

    void kill() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }

private:
    pid_t process_ = -1;
    int from_child_ = -1;
};

// No file of this process may grow beyond `bytes`, as on a disk that is full.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    sighandler_t handler_;
};

}  // namespace

// Not a test: what SavingChild runs.
TEST_CASE("state: the child that saves until it is killed", "[.state_child]") {
    const char* folder = std::getenv(folder_variable);
    if (folder == nullptr) return;
    Opened opened(folder);
    for (std::uint64_t bound = 1; opened.save("3f9c21aa", bound).has_value(); ++bound) {
        if (::write(acknowledgements, &bound, sizeof bound) != sizeof bound) return;
    }
}

TEST_CASE("state: every acknowledged mark survives kill -9", "[state]") {
    const TemporaryFolder folder;
    std::uint64_t stored = 0;
    for (int round = 0; round < 5; ++round) {
        SavingChild child(folder.path());
        std::uint64_t acknowledged = 0;
        while (acknowledged < 20U + static_cast<unsigned>(round)) {
            acknowledged = child.next();
            REQUIRE(acknowledged != 0);
        }
        child.kill();
        while (const std::uint64_t late = child.next()) {
            acknowledged = late;
        }
        stored = Opened(folder.path()).mark("3f9c21aa")->bound.value();
        CHECK(stored >= acknowledged);
    }
}

TEST_CASE("state: a write that fails is final, also when the disk recovers", "[state]") {
    const TemporaryFolder folder;
    Opened opened(folder.path());
    REQUIRE(opened.save("3f9c21aa", 1).has_value());
    {
        const FileSizeLimit full(std::filesystem::file_size(folder.path() / "state.db-wal"));
        const Result<void> refused = opened.save("3f9c21aa", 2);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == ErrorCode::storage);
        CHECK_FALSE(refused.error().remedy.empty());
        CHECK(opened.store->failed());
    }
    CHECK(opened.save("3f9c21aa", 3).error().code == ErrorCode::storage);
    CHECK(opened.store->failed());
    CHECK_THROWS(opened.mark("3f9c21aa"));

    // The file is closed, so another start can use it, and finds the last mark that was acknowledged.
    CHECK(Opened(folder.path()).mark("3f9c21aa")->bound == base::Nonce(1));
}

TEST_CASE("audit: an intent that cannot be written down is refused, and leaves nothing", "[state]") {
    const TemporaryFolder folder;
    const Intent order{
        .id = "c-1",
        .client = "uid:1000",
        .account = *base::AccountName::parse("master"),
        .key = base::KeyId("3f9c21aa"),
        .nonce = base::Nonce(1),
        .endpoint = "AddOrder",
        .sought = "{}",
        .sent_at = {}
    };
    {
        Opened opened(folder.path());
        REQUIRE(opened.save("3f9c21aa", 1));
        const FileSizeLimit full(std::filesystem::file_size(folder.path() / "state.db-wal"));
        CHECK(run(opened.context, opened.store->open_intent(order, {})).error().code == ErrorCode::storage);
        CHECK(opened.store->failed());
    }
    Opened opened(folder.path());
    CHECK(opened.audit().empty());
    CHECK_FALSE(run(opened.context, opened.store->intent("c-1"))->has_value());
}

TEST_CASE("audit: a row that cannot be written ends the use of the store", "[state]") {
    const TemporaryFolder folder;
    Opened opened(folder.path());
    REQUIRE(opened.save("3f9c21aa", 1));
    {
        const FileSizeLimit full(std::filesystem::file_size(folder.path() / "state.db-wal"));
        opened.store->record({.at = {}, .caller = {}, .what = "lock", .outcome = "ok"});
        // Behind it in the queue.
        CHECK(opened.save("3f9c21aa", 2).error().code == ErrorCode::storage);
    }
    CHECK(opened.store->failed());
    opened.store->record({.at = {}, .caller = {}, .what = "lock", .outcome = "ok"});
    CHECK(run(opened.context, opened.store->audit({})).error().code == ErrorCode::storage);
    CHECK(run(opened.context, opened.store->verify_audit()).error().code == ErrorCode::storage);
}

TEST_CASE("state: a folder that cannot be written is refused at open", "[state]") {
    // Even root cannot make a file there.
    const protocol::Error error = open_error("/proc");
    CHECK(error.code == ErrorCode::storage);
    CHECK_FALSE(error.remedy.empty());
    CHECK(open_error("/nowhere/at/all").code == ErrorCode::storage);
}

TEST_CASE("state: a disk that is full from the start is refused at open", "[state]") {
    const TemporaryFolder folder;
    const FileSizeLimit full(1024);
    CHECK(open_error(folder.path()).code == ErrorCode::storage);
}
