#pragma once

// A StateStore in memory: fails from a chosen step on, and holds its completions back when told to.

#include "state/state_store.hpp"
#include "support/barrier.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace krakken::test {

class MemoryStore final : public state::StateStore {
public:
    explicit MemoryStore(boost::asio::any_io_executor executor)
        : reads_held(executor), saves_held(executor) {}

    boost::asio::awaitable<protocol::Result<std::optional<state::NonceMark>>> nonce_mark(base::KeyId key
    ) override;
    boost::asio::awaitable<protocol::Result<void>> save_nonce_mark(base::KeyId key, state::NonceMark mark)
        override;
    const std::vector<state::Intent>& intents_at_start() const override { return at_start; }
    boost::asio::awaitable<protocol::Result<void>> open_intent(
        state::Intent intent, std::optional<base::Time> kraken_now
    ) override;
    boost::asio::awaitable<protocol::Result<void>> end_intent(state::IntentEnd end) override;
    boost::asio::awaitable<protocol::Result<void>> cancel_when_found(
        std::vector<std::string> ids, bool wanted
    ) override;
    boost::asio::awaitable<protocol::Result<std::optional<state::Intent>>> intent(std::string id) override;
    boost::asio::awaitable<protocol::Result<std::optional<state::Intent>>> intent_of(
        std::string client, base::AccountName account, std::string idempotency_key
    ) override;
    boost::asio::awaitable<protocol::Result<std::vector<state::Intent>>> intents(state::IntentQuery query
    ) override;
    boost::asio::awaitable<protocol::Result<std::vector<std::string>>> owned(
        std::string client, std::vector<std::string> txids
    ) override;
    const std::vector<state::Freeze>& freezes_at_start() const override { return frozen; }
    boost::asio::awaitable<protocol::Result<void>> freeze(state::Freeze freeze) override;
    boost::asio::awaitable<protocol::Result<void>> thaw(std::string scope) override;
    const std::vector<state::BotNonce>& bot_nonces_at_start() const override { return bot_nonces; }
    void raise_bot_nonce(state::BotNonce used) override { bot_nonces.push_back(std::move(used)); }
    void record(state::AuditEntry entry) override;
    boost::asio::awaitable<protocol::Result<std::vector<state::AuditRow>>> audit(state::AuditQuery query
    ) override;
    boost::asio::awaitable<protocol::Result<state::AuditVerdict>> verify_audit() override;
    bool failed() const override { return failed_; }

    // The next `steps` reads and saves work, the one behind them fails.
    void fail_after(std::size_t steps) { left_ = steps; }

    std::uint64_t bound(const base::KeyId& key) const;

    std::map<base::KeyId, state::NonceMark> marks;  // what is durable
    std::vector<state::Intent> at_start;
    std::vector<state::Intent> written;                  // intents, oldest first
    std::vector<std::optional<base::Time>> known_times;  // Kraken's, as each of them was opened
    std::vector<state::Freeze> frozen;                   // what is durable
    std::vector<state::BotNonce> bot_nonces;             // that were raised, oldest first
    std::vector<state::IntentEnd> ends;                  // as they were told, oldest first
    std::vector<state::AuditEntry> audited;              // rows that were recorded, oldest first
    std::optional<std::int64_t> broken_at;               // where verify_audit says it is
    std::size_t saves = 0;                               // that were asked for
    Barrier reads_held;
    Barrier saves_held;

private:
    boost::asio::awaitable<protocol::Result<void>> write();
    bool step_fails();

    std::optional<std::size_t> left_;
    bool failed_ = false;
};

}  // namespace krakken::test
