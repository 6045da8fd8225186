#include "support/memory_store.hpp"

#include <algorithm>

namespace krakken::test {

using protocol::ErrorCode;
using protocol::Result;

bool MemoryStore::step_fails() {
    if (!left_) return false;
    if (*left_ == 0) return true;
    --*left_;
    return false;
}

boost::asio::awaitable<Result<std::optional<state::NonceMark>>> MemoryStore::nonce_mark(base::KeyId key) {
    co_await reads_held.pass();
    if (step_fails()) co_return protocol::fail(ErrorCode::storage, "cannot be read");
    const auto found = marks.find(key);
    if (found == marks.end()) co_return std::optional<state::NonceMark>();
    co_return found->second;
}

boost::asio::awaitable<Result<void>> MemoryStore::save_nonce_mark(base::KeyId key, state::NonceMark mark) {
    ++saves;
    co_await saves_held.pass();
    if (failed_ || step_fails()) {
        failed_ = true;
        co_return protocol::fail(ErrorCode::storage, "cannot be written");
    }
    state::NonceMark& kept = marks.try_emplace(key, mark).first->second;
    kept = {
        std::max(kept.bound, mark.bound),
        std::max(kept.unit, mark.unit),
        std::max(kept.unit_proven, mark.unit_proven)
    };
    co_return Result<void>();
}

// One write, as the real store makes it.
boost::asio::awaitable<Result<void>> MemoryStore::write() {
    co_await saves_held.pass();
    if (failed_ || step_fails()) {
        failed_ = true;
        co_return protocol::fail(ErrorCode::storage, "cannot be written");
    }
    co_return Result<void>();
}

boost::asio::awaitable<Result<void>> MemoryStore::open_intent(
    state::Intent intent, std::optional<base::Time> kraken_now
) {
    known_times.push_back(kraken_now);
    const auto done = co_await write();
    if (done) written.push_back(std::move(intent));
    co_return done;
}

boost::asio::awaitable<Result<void>> MemoryStore::end_intent(state::IntentEnd end) {
    const auto done = co_await write();
    const auto found = std::ranges::find(written, end.id, &state::Intent::id);
    if (!done || found == written.end()) co_return done;
    if (found->state == state::IntentState::placed || found->state == state::IntentState::not_placed)
        co_return done;
    found->state = end.state;
    found->outcome = end.outcome;
    found->reason = end.reason;
    found->settled_at = end.settled_at;
    if (end.state == state::IntentState::not_placed) found->idempotency_key.clear();
    ends.push_back(std::move(end));
    co_return done;
}

boost::asio::awaitable<Result<void>> MemoryStore::cancel_when_found(
    std::vector<std::string> ids, bool wanted
) {
    const auto done = co_await write();
    for (state::Intent& intent : written)
        if (done && std::ranges::find(ids, intent.id) != ids.end()) intent.cancel_when_found = wanted;
    co_return done;
}

boost::asio::awaitable<Result<std::optional<state::Intent>>> MemoryStore::intent(std::string id) {
    co_await reads_held.pass();
    const auto found = std::ranges::find(written, id, &state::Intent::id);
    if (found == written.end()) co_return std::optional<state::Intent>();
    co_return *found;
}

boost::asio::awaitable<Result<std::optional<state::Intent>>> MemoryStore::intent_of(
    std::string client, base::AccountName account, std::string idempotency_key
) {
    co_await reads_held.pass();
    for (const state::Intent& each : written)
        if (each.client == client && each.account == account && each.idempotency_key == idempotency_key)
            co_return each;
    co_return std::optional<state::Intent>();
}

boost::asio::awaitable<Result<std::vector<state::Intent>>> MemoryStore::intents(state::IntentQuery query) {
    co_await reads_held.pass();
    std::vector<state::Intent> found;
    for (auto each = written.rbegin(); each != written.rend() && found.size() < query.limit; ++each) {
        const bool open =
            each->state == state::IntentState::sent || each->state == state::IntentState::unknown;
        if (query.open_only && !open) continue;
        if (!query.account.empty() && query.account != each->account.text()) continue;
        if (query.client.empty() || query.client == each->client) found.push_back(*each);
    }
    co_return found;
}

boost::asio::awaitable<Result<void>> MemoryStore::freeze(state::Freeze freeze) {
    const auto done = co_await write();
    if (done) frozen.push_back(std::move(freeze));
    co_return done;
}

boost::asio::awaitable<Result<void>> MemoryStore::thaw(std::string scope) {
    const auto done = co_await write();
    if (done) std::erase_if(frozen, [&scope](const auto& each) { return each.scope == scope; });
    co_return done;
}

void MemoryStore::record(state::AuditEntry entry) {
    audited.push_back(std::move(entry));
}

boost::asio::awaitable<Result<std::vector<state::AuditRow>>> MemoryStore::audit(state::AuditQuery query) {
    co_await reads_held.pass();
    if (step_fails()) co_return protocol::fail(ErrorCode::storage, "cannot be read");
    std::vector<state::AuditRow> rows;
    for (std::size_t place = 0; place < audited.size(); ++place) {
        const auto number = static_cast<std::int64_t>(place) + 1;
        if (number <= query.after.value_or(0)) continue;
        if (query.account.empty() || query.account == audited[place].account)
            rows.push_back({number, audited[place], std::string(64, 'a')});
    }
    const std::size_t excess = rows.size() > query.limit ? rows.size() - query.limit : 0;
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(query.after ? 0 : excess);
    co_return std::vector<state::AuditRow>(begin, begin + static_cast<std::ptrdiff_t>(rows.size() - excess));
}

boost::asio::awaitable<Result<state::AuditVerdict>> MemoryStore::verify_audit() {
    co_await reads_held.pass();
    if (step_fails()) co_return protocol::fail(ErrorCode::storage, "cannot be read");
    const auto rows = static_cast<std::int64_t>(audited.size());
    co_return state::AuditVerdict{rows, rows > 0 ? 1 : 0, {rows, std::string(64, 'a')}, broken_at};
}

std::uint64_t MemoryStore::bound(const base::KeyId& key) const {
    const auto found = marks.find(key);
    return found == marks.end() ? 0 : found->second.bound.value();
}

}  // namespace krakken::test
