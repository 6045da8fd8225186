// The audit in the database: rows as they were given, intents' rows, retention, and what a check finds of
// what was done to the file.

#include "support.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <string>

using namespace krakken;
using namespace krakken::state;
using namespace krakken::state::test;

namespace {

base::Time at(std::int64_t seconds) {
    return base::Time(std::chrono::seconds(seconds));
}

AuditEntry entry(const std::string& call_id, const std::string& account = "master") {
    return {
        .at = at(1'700'000'000),
        .caller = {1000, 4242, "bot"},
        .what = "CancelAll",
        .account = account,
        .key = "3f9c21aa",
        .call_id = call_id,
        .outcome = "ok"
    };
}

void record(Opened& opened, int count) {
    for (int index = 1; index <= count; ++index)
        opened.store->record(entry("c-" + std::to_string(index)));
}

Intent intent(const std::string& id) {
    return {
        .id = id,
        .client = "uid:1000",
        .caller = {1000, 4242, "bot"},
        .account = *base::AccountName::parse("master"),
        .key = base::KeyId("3f9c21aa"),
        .nonce = base::Nonce(1'700'000'000'000'001),
        .endpoint = "AddOrder",
        .sought = R"({"pair":"XBTUSD"})",
        .sent_at = at(1'700'000'000)
    };
}

// "number outcome ids", row by row.
std::vector<std::string> outline(const std::vector<AuditRow>& rows) {
    std::vector<std::string> lines;
    for (const AuditRow& row : rows)
        lines.push_back(std::to_string(row.number) + ' ' + row.entry.outcome + ' ' + row.entry.ids);
    return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("audit: a row comes back as it was given, also after reopening", "[state]") {
    const TemporaryFolder folder;
    AuditEntry given = entry("0a1b2c3d-1");
    given.nonce = 1'700'000'000'000'001;
    given.ids = "OUF4EM-FRGI2-MQMWZD";
    {
        Opened opened(folder.path());
        CHECK(opened.audit().empty());
        CHECK(opened.verify().rows == 0);
        opened.store->record(given);
    }
    Opened again(folder.path());
    const auto rows = again.audit();
    REQUIRE(rows.size() == 1);
    const AuditEntry& found = rows[0].entry;
    CHECK(rows[0].number == 1);
    CHECK(found.at == given.at);
    CHECK(found.caller.uid == 1000);
    CHECK(found.caller.pid == 4242);
    CHECK(found.caller.program == "bot");
    CHECK(found.what == given.what);
    CHECK(found.account == given.account);
    CHECK(found.key == given.key);
    CHECK(found.nonce == given.nonce);
    CHECK(found.call_id == given.call_id);
    CHECK(found.ids == given.ids);
    CHECK(found.outcome == given.outcome);
    CHECK(again.verify().head.hash == rows[0].hash);
    again.store->record(entry("0a1b2c3d-2"));
    CHECK(again.verify().rows == 2);
    CHECK_FALSE(again.verify().broken_at);
}

TEST_CASE("audit: rows are listed oldest first, from the end or behind a row", "[state]") {
    const TemporaryFolder folder;
    Opened opened(folder.path());
    for (int index = 1; index <= 6; ++index)
        opened.store->record(entry("c-" + std::to_string(index), index % 2 == 0 ? "even" : "odd"));
    const auto numbers = [&](AuditQuery query) {
        std::string text;
        for (const AuditRow& row : opened.audit(std::move(query)))
            text += std::to_string(row.number);
        return text;
    };
    CHECK(numbers({}) == "123456");
    CHECK(numbers({.limit = 2}) == "56");
    CHECK(numbers({.account = "odd", .limit = 2}) == "35");
    CHECK(numbers({.after = 0}) == "123456");
    CHECK(numbers({.after = 3, .limit = 2}) == "45");
    CHECK(numbers({.account = "even", .after = 3}) == "46");
    CHECK(numbers({.after = 6}).empty());
    CHECK(numbers({.account = "nobody"}).empty());
}

TEST_CASE("audit: an intent's opening and end are rows with it", "[state]") {
    const TemporaryFolder folder;
    CommitWatch watch;
    Opened opened(folder.path());
    const int before = watch.commits();
    REQUIRE(run(opened.context, opened.store->open_intent(intent("c-1"), {})));
    CHECK(watch.commits() - before == 1);
    REQUIRE(
        run(opened.context,
            opened.store->end_intent(
                {.id = "c-1",
                 .state = IntentState::placed,
                 .outcome = "{}",
                 .settled_at = at(1'700'000'001),
                 .ids = "OUF4EM-FRGI2-MQMWZD"}
            ))
    );
    CHECK(watch.commits() - before == 2);
    const auto rows = opened.audit();
    REQUIRE(outline(rows) == Lines{"1 intent ", "2 placed OUF4EM-FRGI2-MQMWZD"});
    for (const AuditRow& row : rows) {
        CHECK(row.entry.caller.pid == 4242);
        CHECK(row.entry.caller.program == "bot");
        CHECK(row.entry.what == "AddOrder");
        CHECK(row.entry.account == "master");
        CHECK(row.entry.key == "3f9c21aa");
        CHECK(row.entry.nonce == 1'700'000'000'000'001);
        CHECK(row.entry.call_id == "c-1");
    }
    CHECK(rows[1].entry.at == at(1'700'000'001));
    CHECK_FALSE(opened.verify().broken_at);
}

TEST_CASE("audit: an intent's rows follow its states, each once", "[state]") {
    const TemporaryFolder folder;
    {
        Opened opened(folder.path());
        REQUIRE(run(opened.context, opened.store->open_intent(intent("c-1"), {})));
    }
    Opened opened(folder.path());  // who asked is known after a restart, too
    const auto end = [&](IntentState state, std::optional<base::Caller> said_by = {}) {
        REQUIRE(
            run(opened.context,
                opened.store->end_intent(
                    {.id = "c-1",
                     .state = state,
                     .outcome = "",
                     .settled_at = at(1),
                     .said_by = std::move(said_by)}
                ))
        );
    };
    end(IntentState::unknown);
    end(IntentState::unknown);
    end(IntentState::not_placed, base::Caller{0, 77, "krakkenctl"});
    end(IntentState::placed);
    const auto rows = opened.audit();
    REQUIRE(outline(rows) == Lines{"1 intent ", "2 unknown ", "3 not_placed "});
    CHECK(rows[1].entry.caller.pid == 4242);
    CHECK(rows[2].entry.caller.pid == 77);
}

TEST_CASE("audit: what an intent's end says is not said again", "[state]") {
    const TemporaryFolder folder;
    Opened opened(folder.path());
    REQUIRE(run(opened.context, opened.store->open_intent(intent("c-1"), {})));
    opened.store->record(entry("c-1"));  // the end is on its way
    REQUIRE(
        run(opened.context,
            opened.store->end_intent(
                {.id = "c-1", .state = IntentState::placed, .outcome = "{}", .settled_at = at(1)}
            ))
    );
    opened.store->record(entry("c-1"));
    AuditEntry refused = entry("c-1");
    refused.outcome = "outcome_unknown";
    opened.store->record(refused);
    opened.store->record(entry("c-2"));  // had no intent
    CHECK(outline(opened.audit()) == Lines{"1 intent ", "2 placed ", "3 outcome_unknown ", "4 ok "});
}

TEST_CASE("audit: old rows go behind a checkpoint, and the rest is still proven", "[state]") {
    const TemporaryFolder folder;
    {
        Opened opened(folder.path(), {.kept = 40});
        record(opened, 40);
        CHECK(opened.verify().first == 1);
        record(opened, 1);  // one too many: ten more go with it
        CHECK(opened.verify().first == 13);
        record(opened, 300);
    }
    Opened opened(folder.path(), {.kept = 40});
    const AuditVerdict verdict = opened.verify();
    CHECK_FALSE(verdict.broken_at);
    CHECK(verdict.first > 300);
    CHECK(verdict.rows <= 40);
    CHECK(verdict.rows >= 30);
    CHECK(verdict.rows == verdict.head.row - verdict.first + 1);
    const auto rows = opened.audit({.after = 0, .limit = 1000});
    CHECK(static_cast<std::int64_t>(rows.size()) == verdict.rows);
    CHECK(std::ranges::count_if(rows, [](const AuditRow& row) {
              return row.entry.what == audit_checkpoint;
          }) >= 2);
}

TEST_CASE("audit: a check of many rows goes on in pieces", "[state]") {
    const TemporaryFolder folder;
    Opened opened(folder.path());
    for (int part = 0; part < 3; ++part) {
        record(opened, 2000);
        CHECK(opened.verify().rows == (part + 1) * 2000);
    }
    CHECK_FALSE(opened.verify().broken_at);
}

TEST_CASE("audit: what is done to the file is found, and where", "[state]") {
    const TemporaryFolder folder;
    {
        Opened opened(folder.path());
        record(opened, 5);
    }
    const auto [change, broken_at] = GENERATE(table<const char*, std::int64_t>({
        {"UPDATE audit SET at = at + 1 WHERE number = 3", 3},
        {"UPDATE audit SET uid = 0 WHERE number = 3", 3},
        {"UPDATE audit SET pid = 1 WHERE number = 3", 3},
        {"UPDATE audit SET program = '' WHERE number = 3", 3},
        {"UPDATE audit SET what = 'CancelOrder' WHERE number = 3", 3},
        {"UPDATE audit SET account = 'bob' WHERE number = 3", 3},
        {"UPDATE audit SET key = 'ffffffff' WHERE number = 3", 3},
        {"UPDATE audit SET nonce = 1 WHERE number = 3", 3},
        {"UPDATE audit SET call_id = 'x' WHERE number = 3", 3},
        {"UPDATE audit SET ids = 'x' WHERE number = 3", 3},
        {"UPDATE audit SET outcome = 'no' WHERE number = 3", 3},
        {"UPDATE audit SET hash = 'ff' || substr(hash, 3) WHERE number = 3", 3},
        {"UPDATE audit SET number = 9 WHERE number = 3", 3},
        {"DELETE FROM audit WHERE number = 3", 3},
        {"DELETE FROM audit WHERE number < 3", 1},
        {"UPDATE audit SET number = 9 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3;"
         "UPDATE audit SET number = 3 WHERE number = 9",
         2},
        {"INSERT INTO audit SELECT 6, at, uid, pid, program, what, account, key, nonce, call_id, ids, "
         "outcome,"
         " hash FROM audit WHERE number = 5",
         6},
        // Removed rows that no checkpoint of the chain removed.
        {"DELETE FROM audit WHERE number < 3; UPDATE audit SET what = 'audit.checkpoint',"
         " ids = '2,' || hash WHERE number = 4",
         3},
    }));
    CAPTURE(change);
    execute(folder.database(), change);
    Opened opened(folder.path());
    const AuditVerdict verdict = opened.verify();
    CHECK(verdict.broken_at == broken_at);
    CHECK(verdict.rows < 6);
    // The audit goes on, and the break stays where it is.
    record(opened, 2);
    CHECK(opened.verify().broken_at == broken_at);
}

TEST_CASE("audit: rows off the end are missed only by who remembers the last one", "[state]") {
    const TemporaryFolder folder;
    {
        Opened opened(folder.path());
        record(opened, 5);
        CHECK(opened.verify().head.row == 5);
    }
    execute(folder.database(), "DELETE FROM audit WHERE number > 3");
    Opened opened(folder.path());
    CHECK_FALSE(opened.verify().broken_at);
    CHECK(opened.verify().head.row == 3);  // what was noted elsewhere said 5
}

TEST_CASE("audit: a database of version 3 gets one, and keeps its intents", "[state]") {
    const TemporaryFolder folder;
    {
        Opened opened(folder.path());
        REQUIRE(opened.save("3f9c21aa", 17));
        REQUIRE(run(opened.context, opened.store->open_intent(intent("c-1"), {})));
    }
    execute(
        folder.database(),
        "DROP TABLE audit; DROP TABLE bot_nonce; DROP TABLE freeze; DROP TABLE order_owner;"
        "ALTER TABLE intent DROP COLUMN notional;"
        "ALTER TABLE intent DROP COLUMN uid; ALTER TABLE intent DROP COLUMN pid;"
        "ALTER TABLE intent DROP COLUMN program; PRAGMA user_version = 3"
    );
    Opened opened(folder.path());
    CHECK(opened.mark("3f9c21aa")->bound == base::Nonce(17));
    CHECK(opened.audit().empty());
    const auto kept = run(opened.context, opened.store->intent("c-1"));
    REQUIRE(kept);
    REQUIRE(*kept);
    CHECK((*kept)->endpoint == "AddOrder");
    CHECK((*kept)->caller.program.empty());
    opened.store->record(entry("c-2"));
    CHECK(opened.verify().rows == 1);
}
