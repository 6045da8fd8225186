#include "intent_table.hpp"

#include <array>
#include <cstdlib>
#include <utility>

namespace krakken::state {

namespace {

// The numbers of the column `state` are the enumerators' own.
static_assert(static_cast<int>(IntentState::sent) == 0);
static_assert(static_cast<int>(IntentState::placed) == 1);
static_assert(static_cast<int>(IntentState::not_placed) == 2);
static_assert(static_cast<int>(IntentState::unknown) == 3);

constexpr std::string_view select =
    "SELECT id, client, account, key, nonce, endpoint, sought, idempotency_key, arguments_hash, sent_at, "
    "state,"
    " cancel_when_found, outcome, reason, settled_at, uid, pid, program, notional FROM intent ";

std::int64_t ticks(base::Time time) {
    return time.time_since_epoch().count();
}

base::Time time_of(std::int64_t ticks) {
    return base::Time(std::chrono::microseconds(ticks));
}

Intent read(const Statement& row) {
    // Only names that were one have been written.
    auto account = base::AccountName::parse(row.text(2));
    if (!account) throw SqliteError(0, "an intent names no account");
    Intent intent{
        .id = row.text(0),
        .client = row.text(1),
        .caller = {static_cast<uid_t>(row.integer(15)), static_cast<pid_t>(row.integer(16)), row.text(17)},
        .account = std::move(*account),
        .key = base::KeyId(row.text(3)),
        .nonce = base::Nonce(static_cast<std::uint64_t>(row.integer(4))),
        .endpoint = row.text(5),
        .sought = row.text(6),
        .idempotency_key = row.text(7),
        .arguments_hash = row.text(8),
        .notional = row.text(18),
        .sent_at = time_of(row.integer(9)),
        .state = static_cast<IntentState>(row.integer(10)),
        .cancel_when_found = row.integer(11) == 1,
        .outcome = row.text(12),
        .reason = row.text(13),
    };
    if (row.integer(14) != 0) intent.settled_at = time_of(std::abs(row.integer(14)));
    return intent;
}

std::optional<Intent> read_one(Statement& statement) {
    std::optional<Intent> found;
    if (statement.step()) found = read(statement);
    statement.reset();
    return found;
}

}  // namespace

std::string_view name(IntentState state) {
    switch (state) {
        case IntentState::sent:
            return "settling";
        case IntentState::placed:
            return "placed";
        case IntentState::not_placed:
            return "not_placed";
        case IntentState::unknown:
            return "unknown";
    }
    std::unreachable();
}

IntentTable::IntentTable(Database& database)
    : open_(database.prepare(
          "INSERT INTO intent (id, client, account, key, nonce, endpoint, sought, idempotency_key,"
          " arguments_hash, sent_at, uid, pid, program, notional)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
      )),
      end_(database.prepare("UPDATE intent SET state = ?2, outcome = ?3, reason = ?4, settled_at = ?5,"
                            " idempotency_key = CASE ?2 WHEN 2 THEN '' ELSE idempotency_key END"
                            " WHERE id = ?1 AND state IN (0, 3)")),
      cancel_(database.prepare("UPDATE intent SET cancel_when_found = ?2 WHERE id = ?1")),
      date_(database.prepare("UPDATE intent SET settled_at = ?1 WHERE settled_at < 0")),
      forget_(database.prepare("DELETE FROM intent WHERE state IN (1, 2)"
                               " AND settled_at > 0 AND settled_at < ?1")),
      find_(database.prepare(std::string(select) + "WHERE id = ?1")),
      find_by_key_(database.prepare(
          std::string(select) + "WHERE client = ?1 AND account = ?2 AND idempotency_key = ?3"
      )),
      list_(database.prepare(
          std::string(select) + "WHERE (?1 = '' OR client = ?1) AND (?4 = '' OR account = ?4) AND (?2 = 0 OR "
                                "state IN (0, 3)) ORDER BY "
                                "rowid DESC LIMIT ?3"
      )) {}

void IntentTable::open(const Intent& intent) {
    open_.reset();
    const std::array texts{&intent.id, &intent.client, &intent.account.text(), &intent.key.hex()};
    for (std::size_t column = 0; column < texts.size(); ++column)
        open_.bind(static_cast<int>(column) + 1, *texts[column]);
    open_.bind(5, static_cast<std::int64_t>(intent.nonce.value()));
    open_.bind(6, intent.endpoint);
    open_.bind(7, intent.sought);
    open_.bind(8, intent.idempotency_key);
    open_.bind(9, intent.arguments_hash);
    open_.bind(10, ticks(intent.sent_at));
    open_.bind(11, std::int64_t{intent.caller.uid});
    open_.bind(12, std::int64_t{intent.caller.pid});
    open_.bind(13, intent.caller.program);
    open_.bind(14, intent.notional);
    open_.step();
    open_.reset();
}

void IntentTable::end(const IntentEnd& end) {
    end_.reset();
    end_.bind(1, end.id);
    end_.bind(2, static_cast<std::int64_t>(end.state));
    end_.bind(3, end.outcome);
    end_.bind(4, end.reason);
    end_.bind(5, end.dated ? ticks(end.settled_at) : -ticks(end.settled_at));
    end_.step();
    end_.reset();
}

void IntentTable::cancel_when_found(const std::string& id, bool wanted) {
    cancel_.reset();
    cancel_.bind(1, id);
    cancel_.bind(2, std::int64_t{wanted});
    cancel_.step();
    cancel_.reset();
}

void IntentTable::forget(base::Time now, std::chrono::hours kept) {
    date_.reset();
    date_.bind(1, ticks(now));
    date_.step();
    date_.reset();
    forget_.reset();
    forget_.bind(1, ticks(now - kept));
    forget_.step();
    forget_.reset();
}

std::optional<Intent> IntentTable::find(const std::string& id) {
    find_.reset();
    find_.bind(1, id);
    return read_one(find_);
}

std::optional<Intent> IntentTable::find_by_key(
    const std::string& client, const std::string& account, const std::string& idempotency_key
) {
    find_by_key_.reset();
    find_by_key_.bind(1, client);
    find_by_key_.bind(2, account);
    find_by_key_.bind(3, idempotency_key);
    return read_one(find_by_key_);
}

std::vector<Intent> IntentTable::list(const IntentQuery& query) {
    list_.reset();
    list_.bind(1, query.client);
    list_.bind(2, std::int64_t{query.open_only});
    list_.bind(3, static_cast<std::int64_t>(query.limit));
    list_.bind(4, query.account);
    std::vector<Intent> intents;
    while (list_.step())
        intents.push_back(read(list_));
    list_.reset();
    return intents;
}

}  // namespace krakken::state
