#include "audit_table.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace krakken::state {

namespace {

constexpr std::string_view select =
    "SELECT number, at, uid, pid, program, what, account, key, nonce, call_id, ids, outcome, hash FROM "
    "audit ";

// About ten milliseconds of reading and hashing.
constexpr std::int64_t checked_at_once = 2000;

// So many that a checkpoint is a small part of the rows, so few that the disk has them at once.
std::int64_t removed_at_once(std::int64_t kept) {
    return std::max<std::int64_t>(10, kept / 1000);
}

AuditRow read(const Statement& row) {
    return {
        .number = row.integer(0),
        .entry =
            {.at = base::Time(std::chrono::microseconds(row.integer(1))),
             .caller = {static_cast<uid_t>(row.integer(2)), static_cast<pid_t>(row.integer(3)), row.text(4)},
             .what = row.text(5),
             .account = row.text(6),
             .key = row.text(7),
             .nonce = static_cast<std::uint64_t>(row.integer(8)),
             .call_id = row.text(9),
             .ids = row.text(10),
             .outcome = row.text(11)},
        .hash = row.text(12),
    };
}

}  // namespace

AuditTable::AuditTable(Database& database, AuditSettings settings)
    : settings_(settings),
      add_(database.prepare("INSERT INTO audit (number, at, uid, pid, program, what, account, key, nonce, "
                            "call_id, ids, outcome, hash)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")),
      after_(database.prepare(
          std::string(select) + "WHERE number > ?1 AND (?2 = '' OR account = ?2) ORDER BY number LIMIT ?3"
      )),
      last_(database.prepare(
          std::string(select) + "WHERE ?1 = '' OR account = ?1 ORDER BY number DESC LIMIT ?2"
      )),
      hash_of_(database.prepare("SELECT hash FROM audit WHERE number = ?1")),
      first_row_(database.prepare("SELECT number FROM audit ORDER BY number LIMIT 1")),
      checkpoint_(database.prepare(
          "SELECT ids FROM audit WHERE what = 'audit.checkpoint' ORDER BY number DESC LIMIT 1"
      )),
      remove_(database.prepare("DELETE FROM audit WHERE number <= ?1")) {
    const std::vector<AuditRow> newest = list({.limit = 1});
    if (newest.empty()) return;
    head_ = {newest.front().number, newest.front().hash};
    first_row_.step();
    first_ = first_row_.integer(0);
    first_row_.reset();
}

void AuditTable::append(const AuditEntry& entry) {
    add(entry);
    if (head_.row - first_ + 1 > settings_.kept) remove_oldest(entry.at);
}

void AuditTable::add(const AuditEntry& entry) {
    const std::int64_t number = head_.row + 1;
    std::string hash = chain_hash(head_.hash, number, entry);
    add_.reset();
    add_.bind(1, number);
    add_.bind(2, entry.at.time_since_epoch().count());
    add_.bind(3, std::int64_t{entry.caller.uid});
    add_.bind(4, std::int64_t{entry.caller.pid});
    add_.bind(5, entry.caller.program);
    add_.bind(6, entry.what);
    add_.bind(7, entry.account);
    add_.bind(8, entry.key);
    add_.bind(9, static_cast<std::int64_t>(entry.nonce));
    add_.bind(10, entry.call_id);
    add_.bind(11, entry.ids);
    add_.bind(12, entry.outcome);
    add_.bind(13, hash);
    add_.step();
    add_.reset();
    if (first_ == 0) first_ = number;
    head_ = {number, std::move(hash)};
}

// The checkpoint is a row like any other, and is written first: what it says of the removed rows is proven by
// the rows behind it.
void AuditTable::remove_oldest(base::Time at) {
    const std::int64_t last = head_.row + 1 - settings_.kept + removed_at_once(settings_.kept);
    hash_of_.reset();
    hash_of_.bind(1, last);
    std::string ids = std::to_string(last) + ',';
    if (hash_of_.step()) ids += hash_of_.text(0);
    hash_of_.reset();
    add(
        {.at = at,
         .caller = {::geteuid(), ::getpid(), "krakkend"},
         .what = std::string(audit_checkpoint),
         .ids = std::move(ids),
         .outcome = "ok"}
    );
    remove_.reset();
    remove_.bind(1, last);
    remove_.step();
    remove_.reset();
    first_ = last + 1;
}

AuditMark AuditTable::removed() {
    AuditMark mark;
    if (checkpoint_.step()) {
        const std::string ids = checkpoint_.text(0);
        const std::size_t comma = std::min(ids.find(','), ids.size());
        std::from_chars(ids.data(), ids.data() + comma, mark.row);
        mark.hash = ids.substr(std::min(comma + 1, ids.size()));
    }
    checkpoint_.reset();
    return mark;
}

std::vector<AuditRow> AuditTable::list(const AuditQuery& query) {
    Statement& statement = query.after ? after_ : last_;
    statement.reset();
    int parameter = 0;
    if (query.after) statement.bind(++parameter, *query.after);
    statement.bind(++parameter, query.account);
    statement.bind(++parameter, static_cast<std::int64_t>(query.limit));
    std::vector<AuditRow> rows;
    while (statement.step())
        rows.push_back(read(statement));
    statement.reset();
    if (!query.after) std::ranges::reverse(rows);
    return rows;
}

void AuditTable::check_some(AuditCheck& check) {
    const std::int64_t first = first_row_.step() ? first_row_.integer(0) : 0;
    first_row_.reset();
    check.look_from(first, removed());
    const auto rows = list({.after = check.position(), .limit = checked_at_once});
    for (const AuditRow& row : rows)
        check.next(row);
    if (rows.size() < checked_at_once || check.ended()) check.end(head_);
}

}  // namespace krakken::state
