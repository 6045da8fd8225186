// What the store promises while it runs: marks, their order, groups, and the answers to a file that cannot
// be used. Crashes and disks that fail are in durability_test.cpp.

#include "state/writer.hpp"
#include "support.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <limits>
#include <vector>

using namespace krakken;
using namespace krakken::state;
using namespace krakken::state::test;
using protocol::ErrorCode;

namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

// Starts a save and puts its outcome into `results` when it has one.
void start_save(
    Opened& opened, const std::string& key, std::uint64_t bound, std::vector<Result<void>>& results
) {
    boost::asio::co_spawn(
        opened.context,
        opened.store->save_nonce_mark(base::KeyId(key), NonceMark{base::Nonce(bound)}),
        [&results](std::exception_ptr, Result<void> result) { results.push_back(std::move(result)); }
    );
}

}  // namespace

TEST_CASE("state: a mark comes back as it was saved, also after reopening", "[state]") {
    const TemporaryFolder folder;
    {
        Opened opened(folder.path());
        CHECK_FALSE(opened.mark("3f9c21aa").has_value());
        REQUIRE(opened.save("3f9c21aa", 1'700'000'000'000'000, NonceUnit::ten_nanoseconds).has_value());
        REQUIRE(opened.save("00000000", 0).has_value());
        REQUIRE(opened.save("ffffffff", largest, NonceUnit::nanoseconds).has_value());
        REQUIRE(opened.mark("3f9c21aa")->bound == base::Nonce(1'700'000'000'000'000));
    }
    Opened again(folder.path());
    CHECK(again.mark("3f9c21aa")->bound == base::Nonce(1'700'000'000'000'000));
    CHECK(again.mark("3f9c21aa")->unit == NonceUnit::ten_nanoseconds);
    CHECK(again.mark("00000000")->bound == base::Nonce(0));
    CHECK(again.mark("ffffffff")->bound == base::Nonce(largest));
    CHECK(again.mark("ffffffff")->unit == NonceUnit::nanoseconds);
    CHECK_FALSE(again.mark("11111111").has_value());
    CHECK_FALSE(again.store->failed());
}

TEST_CASE("state: a mark never falls and its unit never gets coarser", "[state]") {
    const TemporaryFolder folder;
    Opened opened(folder.path());
    REQUIRE(opened.save("3f9c21aa", 500, NonceUnit::ten_nanoseconds).has_value());
    REQUIRE(opened.save("3f9c21aa", 499, NonceUnit::microseconds).has_value());
    CHECK(opened.mark("3f9c21aa")->bound == base::Nonce(500));
    CHECK(opened.mark("3f9c21aa")->unit == NonceUnit::ten_nanoseconds);
    REQUIRE(opened.save("3f9c21aa", 501, NonceUnit::nanoseconds).has_value());
    CHECK(opened.mark("3f9c21aa")->bound == base::Nonce(501));
    CHECK(opened.mark("3f9c21aa")->unit == NonceUnit::nanoseconds);
}

TEST_CASE("state: whether Kraken took a nonce of a key is kept, and not forgotten", "[state]") {
    const TemporaryFolder folder;
    const auto save = [](Opened& opened, bool proven) {
        return run(
            opened.context,
            opened.store->save_nonce_mark(
                base::KeyId("3f9c21aa"), NonceMark{base::Nonce(5), NonceUnit::microseconds, proven}
            )
        );
    };
    Opened opened(folder.path());
    REQUIRE(save(opened, false));
    CHECK_FALSE(opened.mark("3f9c21aa")->unit_proven);
    REQUIRE(save(opened, true));
    CHECK(opened.mark("3f9c21aa")->unit_proven);
    REQUIRE(save(opened, false));
    CHECK(opened.mark("3f9c21aa")->unit_proven);
}

TEST_CASE("state: marks of the first version count as proven", "[state]") {
    const TemporaryFolder folder;
    Opened(folder.path());
    execute(
        folder.database(),
        "DROP TABLE audit; DROP TABLE bot_nonce; DROP TABLE freeze; DROP TABLE order_owner; DROP TABLE "
        "intent; DROP TABLE "
        "nonce_mark;"
        "CREATE TABLE nonce_mark (key TEXT PRIMARY KEY NOT NULL, bound INTEGER NOT NULL CHECK (bound >= 0),"
        " unit INTEGER NOT NULL CHECK (unit BETWEEN 0 AND 2)) STRICT, WITHOUT ROWID;"
        "INSERT INTO nonce_mark VALUES ('3f9c21aa', 17, 1);"
        "PRAGMA user_version = 1"
    );
    Opened opened(folder.path());
    REQUIRE(opened.mark("3f9c21aa"));
    CHECK(opened.mark("3f9c21aa")->bound == base::Nonce(17));
    CHECK(opened.mark("3f9c21aa")->unit == NonceUnit::ten_nanoseconds);
    CHECK(opened.mark("3f9c21aa")->unit_proven);
    REQUIRE(opened.save("3f9c21aa", 18));
}

TEST_CASE("state: a bot's nonce never falls, and each number of digits has its own", "[state]") {
    const TemporaryFolder folder;
    {
        Opened opened(folder.path());
        CHECK(opened.store->bot_nonces_at_start().empty());
        for (const char* nonce : {"1700000000005", "1700000000009", "1700000000007", "999"})
            opened.store->raise_bot_nonce({.bot_key = "3f9c21aa", .nonce = nonce});
        opened.store->raise_bot_nonce({.bot_key = "0123abcd", .nonce = "1700000000001"});
    }
    const Opened opened(folder.path());
    std::vector<std::pair<std::string, std::string>> known;
    for (const BotNonce& used : opened.store->bot_nonces_at_start())
        known.emplace_back(used.bot_key, used.nonce);
    const decltype(known
    ) expected{{"0123abcd", "1700000000001"}, {"3f9c21aa", "999"}, {"3f9c21aa", "1700000000009"}};
    CHECK(known == expected);
}

TEST_CASE("state: a bound above 2^63-1 is refused and the store goes on", "[state]") {
    const TemporaryFolder folder;
    Opened opened(folder.path());
    CHECK(opened.save("3f9c21aa", largest + 1).error().code == ErrorCode::internal);
    CHECK_FALSE(opened.store->failed());
    CHECK(opened.save("3f9c21aa", largest).has_value());
}

TEST_CASE("state: saves that arrive during a commit share the next one", "[state]") {
    constexpr int saves = 1000;
    const TemporaryFolder folder;
    CommitWatch watch;
    Opened opened(folder.path());
    const int before = watch.commits();
    watch.hold();

    std::vector<Result<void>> results;
    start_save(opened, "00000000", 1, results);
    opened.context.poll();
    watch.wait_until_held();
    for (std::uint64_t index = 1; index < saves; ++index) {
        start_save(opened, "0000000" + std::to_string(index % 8), index, results);
    }
    opened.context.poll();
    CHECK(results.empty());  // nobody hears of a save before its commit has returned
    watch.release();
    opened.context.run();

    REQUIRE(results.size() == saves);
    for (const auto& result : results) {
        CHECK(result.has_value());
    }
    CHECK(watch.commits() - before == 2);
    CHECK(opened.mark("00000007")->bound == base::Nonce(999));
}

TEST_CASE("state: a full queue refuses and takes work again later", "[state]") {
    const TemporaryFolder folder;
    CommitWatch watch;
    Opened opened(folder.path());
    watch.hold();
    std::vector<Result<void>> results;
    start_save(opened, "3f9c21aa", 1, results);
    opened.context.poll();
    watch.wait_until_held();
    for (std::size_t index = 0; index <= max_waiting_jobs; ++index) {
        start_save(opened, "3f9c21aa", 2, results);
    }
    opened.context.poll();
    REQUIRE(results.size() == 1);
    CHECK(results.front().error().code == ErrorCode::overloaded);
    watch.release();
    opened.context.run();
    CHECK(results.size() == max_waiting_jobs + 2);
    CHECK(opened.save("3f9c21aa", 3).has_value());
}

TEST_CASE("state: what was queued is written before the store goes", "[state]") {
    const TemporaryFolder folder;
    {
        Opened opened(folder.path());
        std::vector<Result<void>> results;
        for (std::uint64_t index = 1; index <= 50; ++index) {
            start_save(opened, "3f9c21aa", index, results);
        }
        opened.context.poll();
        opened.store.reset();
        opened.context.run();
        CHECK(results.size() == 50);
    }
    CHECK(Opened(folder.path()).mark("3f9c21aa")->bound == base::Nonce(50));
}

TEST_CASE("state: the log is moved into the database as it grows", "[state]") {
    const TemporaryFolder folder;
    Opened opened(folder.path());
    // Every save writes at least one page; a log that is never emptied would reach 1200 pages.
    for (std::uint64_t bound = 1; bound <= 1200; ++bound) {
        REQUIRE(opened.save("3f9c21aa", bound).has_value());
    }
    CHECK(std::filesystem::file_size(folder.path() / "state.db-wal") < 1100 * 4120);
    CHECK(opened.mark("3f9c21aa")->bound == base::Nonce(1200));
}

TEST_CASE("state: its files are private whatever the umask", "[state]") {
    const TemporaryFolder folder;
    const mode_t before = ::umask(0);
    {
        Opened opened(folder.path());
        CHECK(opened.save("3f9c21aa", 1).has_value());
        for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
            CAPTURE(entry.path().string());
            struct stat info{};
            REQUIRE(::stat(entry.path().c_str(), &info) == 0);
            CHECK((info.st_mode & 07777U) == 0600U);
        }
    }
    ::umask(before);
}

TEST_CASE("state: a second opener is refused while the first works on", "[state]") {
    const TemporaryFolder folder;
    Opened first(folder.path());
    const protocol::Error error = open_error(folder.path());
    CHECK(error.code == ErrorCode::storage);
    CHECK_THAT(error.message, Catch::Contains("in use by another process"));
    CHECK_FALSE(error.remedy.empty());
    CHECK(first.save("3f9c21aa", 1).has_value());
}

TEST_CASE("state: a file that is no database is refused and left alone", "[state]") {
    const TemporaryFolder folder;
    const std::string text(8192, 'x');
    std::ofstream(folder.database()) << text;
    std::filesystem::permissions(folder.database(), std::filesystem::perms(0600));
    const protocol::Error error = open_error(folder.path());
    CHECK(error.code == ErrorCode::storage);
    CHECK_THAT(error.message, Catch::Contains("is damaged"));
    std::ifstream file(folder.database());
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == text);
}

TEST_CASE("state: a damaged database is refused", "[state]") {
    const TemporaryFolder folder;
    CHECK(Opened(folder.path()).save("3f9c21aa", 1).has_value());
    execute(folder.database(), "PRAGMA wal_checkpoint(TRUNCATE)");
    // Page 2 is the table's root; garbage in its header breaks the tree.
    std::fstream file(folder.database(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(64, '\x7f');
    file.close();
    CHECK_THAT(open_error(folder.path()).message, Catch::Contains("is damaged"));
}

TEST_CASE("state: a database of a newer program is refused", "[state]") {
    const TemporaryFolder folder;
    CHECK(Opened(folder.path()).save("3f9c21aa", 1).has_value());
    execute(folder.database(), "PRAGMA user_version = 99");
    const protocol::Error error = open_error(folder.path());
    CHECK(error.code == ErrorCode::storage);
    CHECK_THAT(error.message, Catch::Contains("version 99"));
}

TEST_CASE("state: files that are not plainly ours are refused", "[state]") {
    const TemporaryFolder folder;
    const TemporaryFolder elsewhere;
    SECTION("a link") {
        std::filesystem::create_symlink(elsewhere.path() / "target", folder.database());
    }
    SECTION("a link that leads to a good database") {
        {
            Opened opened(elsewhere.path());
        }
        std::filesystem::create_symlink(elsewhere.database(), folder.database());
    }
    SECTION("a second name") {
        {
            Opened opened(elsewhere.path());
        }
        std::filesystem::create_hard_link(elsewhere.database(), folder.database());
    }
    SECTION("a fifo") {
        REQUIRE(::mkfifo(folder.database().c_str(), 0600) == 0);
    }
    SECTION("readable for others") {
        {
            Opened opened(folder.path());
        }
        std::filesystem::permissions(folder.database(), std::filesystem::perms(0640));
    }
    SECTION("a link in place of the log") {
        {
            Opened opened(folder.path());
        }
        std::filesystem::remove(folder.path() / "state.db-wal");
        std::filesystem::create_symlink(elsewhere.path() / "target", folder.path() / "state.db-wal");
    }
    CHECK(open_error(folder.path()).code == ErrorCode::storage);
    CHECK_FALSE(std::filesystem::exists(elsewhere.path() / "target"));
}
