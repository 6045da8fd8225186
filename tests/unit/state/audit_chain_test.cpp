// The chain without a database: what a row's hash covers, and where a check says it is broken.

#include "state/audit_chain.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <set>
#include <vector>

using namespace krakken;
using namespace krakken::state;

namespace {

AuditEntry order() {
    return {
        .at = base::Time(std::chrono::microseconds(1'700'000'000'123'456)),
        .caller = {1000, 4242, "bot"},
        .what = "AddOrder",
        .account = "master",
        .key = "3f9c21aa",
        .nonce = 1'700'000'000'000'001,
        .call_id = "0a1b2c3d-7",
        .ids = "OUF4EM-FRGI2-MQMWZD",
        .outcome = "ok"
    };
}

std::vector<AuditRow> chain_of(std::size_t length) {
    std::vector<AuditRow> rows;
    std::string before = AuditMark().hash;
    for (std::size_t count = 1; count <= length; ++count) {
        AuditEntry entry = order();
        entry.call_id += std::to_string(count);
        const auto number = static_cast<std::int64_t>(count);
        before = chain_hash(before, number, entry);
        rows.push_back({number, entry, before});
    }
    return rows;
}

AuditMark mark_of(const AuditRow& row) {
    return {row.number, row.hash};
}

AuditVerdict check(const std::vector<AuditRow>& rows, const AuditMark& head, const AuditMark& removed = {}) {
    AuditCheck check;
    check.look_from(rows.empty() ? 0 : rows.front().number, removed);
    for (const AuditRow& row : rows)
        check.next(row);
    check.end(head);
    return check.verdict();
}

}  // namespace

TEST_CASE("audit: a row's hash is the documented one") {
    // By Python: hashlib.blake2b over the netstrings of audit_chain.hpp, 32 bytes.
    CHECK(
        chain_hash(AuditMark().hash, 1, order()) ==
        "7a58dbb9cbfee23ab57c18cf71b5a0fa6a92a8848681ae90a0e755b83ec80a09"
    );
    CHECK(
        chain_hash(std::string(64, 'f'), 2, {.at = {}, .caller = {}, .what = "lock", .outcome = "ok"}) ==
        "782fb9516b679a16ba5e5d4cf5c039e857f67d76850b4b41f51376b36fcebcc8"
    );
}

TEST_CASE("audit: every column counts, and so do its bounds") {
    const std::vector<std::function<void(AuditEntry&)>> changes{
        [](AuditEntry&) {},
        [](AuditEntry& entry) { entry.at += std::chrono::microseconds(1); },
        [](AuditEntry& entry) { ++entry.caller.uid; },
        [](AuditEntry& entry) { ++entry.caller.pid; },
        [](AuditEntry& entry) { entry.caller.program = "bat"; },
        [](AuditEntry& entry) { entry.what = "AddOrdes"; },
        [](AuditEntry& entry) { entry.account = ""; },
        [](AuditEntry& entry) { entry.key = "3f9c21ab"; },
        [](AuditEntry& entry) { ++entry.nonce; },
        [](AuditEntry& entry) { entry.call_id += "1"; },
        [](AuditEntry& entry) { entry.ids += ",O"; },
        [](AuditEntry& entry) { entry.outcome = "OK"; },
        // The same text, cut elsewhere.
        [](AuditEntry& entry) {
            entry.caller.program = "bo";
            entry.what = "tAddOrder";
        },
    };
    std::set<std::string> hashes;
    for (const auto& change : changes) {
        AuditEntry entry = order();
        change(entry);
        hashes.insert(chain_hash(AuditMark().hash, 1, entry));
    }
    hashes.insert(chain_hash(AuditMark().hash, 2, order()));
    hashes.insert(chain_hash(std::string(64, '1'), 1, order()));
    CHECK(hashes.size() == changes.size() + 2);
}

TEST_CASE("audit: a chain that is whole") {
    const auto rows = chain_of(5);
    const AuditVerdict verdict = check(rows, mark_of(rows.back()));
    CHECK(verdict.rows == 5);
    CHECK(verdict.first == 1);
    CHECK(verdict.head.row == 5);
    CHECK(verdict.head.hash == rows.back().hash);
    CHECK_FALSE(verdict.broken_at);

    CHECK_FALSE(check({}, {}).broken_at);
    CHECK(check({}, {}).rows == 0);
}

TEST_CASE("audit: where a chain is broken") {
    auto rows = chain_of(5);
    const AuditMark head = mark_of(rows.back());
    SECTION("a row was changed") {
        rows[2].entry.outcome = "no";
        CHECK(check(rows, head).broken_at == 3);
        CHECK(check(rows, head).rows == 2);
    }
    SECTION("with a new hash of its own: the one behind it does not follow") {
        rows[2].entry.outcome = "no";
        rows[2].hash = chain_hash(rows[1].hash, 3, rows[2].entry);
        CHECK(check(rows, head).broken_at == 4);
    }
    SECTION("a row is missing") {
        rows.erase(rows.begin() + 2);
        CHECK(check(rows, head).broken_at == 3);
    }
    SECTION("a row is missing, and those behind it were numbered anew") {
        rows.erase(rows.begin() + 2);
        for (auto row = rows.begin() + 2; row != rows.end(); ++row)
            --row->number;
        CHECK(check(rows, {4, head.hash}).broken_at == 3);
    }
    SECTION("two rows changed places") {
        std::swap(rows[1].entry, rows[2].entry);
        CHECK(check(rows, head).broken_at == 2);
    }
    SECTION("the first row is missing") {
        rows.erase(rows.begin());
        CHECK(check(rows, head).broken_at == 1);
    }
    SECTION("the last row is missing, and its place is remembered") {
        rows.pop_back();
        CHECK(check(rows, head).broken_at == 5);
    }
    SECTION("the last row is another one") {
        rows[4].entry.outcome = "no";
        rows[4].hash = chain_hash(rows[3].hash, 5, rows[4].entry);
        CHECK(check(rows, head).broken_at == 5);
    }
    SECTION("all are missing") {
        CHECK(check({}, head).broken_at == 1);
    }
}

TEST_CASE("audit: rows behind a checkpoint follow from the last one that was removed") {
    auto rows = chain_of(6);
    const AuditMark head = mark_of(rows.back());
    const AuditMark removed = mark_of(rows[2]);
    const std::vector<AuditRow> all = rows;
    rows.erase(rows.begin(), rows.begin() + 3);
    CHECK_FALSE(check(rows, head, removed).broken_at);
    CHECK(check(rows, head, removed).rows == 3);
    CHECK(check(rows, head, removed).first == 4);
    SECTION("more were removed than it says") {
        rows.erase(rows.begin());
        CHECK(check(rows, head, removed).broken_at == 4);
    }
    SECTION("it says another hash") {
        CHECK(check(rows, head, {3, std::string(64, '0')}).broken_at == 4);
    }
    SECTION("rows that it removed are there again") {
        CHECK(check(all, head, removed).broken_at == 1);
    }
}

TEST_CASE("audit: rows may be removed while a check is under way") {
    const auto rows = chain_of(6);
    AuditCheck check;
    check.look_from(1, {});
    check.next(rows[0]);
    SECTION("those that were looked at") {
        check.look_from(2, mark_of(rows[0]));
        for (std::size_t place = 1; place < rows.size(); ++place)
            check.next(rows[place]);
    }
    SECTION("and more") {
        check.look_from(4, mark_of(rows[2]));
        for (std::size_t place = 3; place < rows.size(); ++place)
            check.next(rows[place]);
    }
    check.end(mark_of(rows.back()));
    CHECK_FALSE(check.verdict().broken_at);
}
