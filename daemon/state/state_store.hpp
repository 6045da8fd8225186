#pragma once

// Durable state: what must survive a crash or a power cut, in one SQLite database (WAL, synchronous=FULL,
// exclusive locking). One thread of its own writes and commits in groups; results come back on the executor
// given. Used from the event loop's thread.

#include "base/types.hpp"
#include "protocol/error.hpp"
#include "state/audit.hpp"
#include "state/bot_nonces.hpp"
#include "state/freezes.hpp"
#include "state/intents.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace krakken::state {

using boost::asio::awaitable;
using protocol::Result;

using base::NonceUnit;

// What is known durably of one key's sequence: no value above `bound` was ever sent.
struct NonceMark {
    base::Nonce bound;
    NonceUnit unit = NonceUnit::microseconds;
    bool unit_proven = true;  // Kraken has taken a nonce of this key
};

// How long it is known what became of a call, and an idempotency key replays its answer.
inline constexpr std::chrono::hours kept_after_settling{24};

class StateStore {
public:
    virtual ~StateStore() = default;

    // Read once, when a key is first used. Empty: never seen here.
    virtual awaitable<Result<std::optional<NonceMark>>> nonce_mark(base::KeyId key) = 0;

    // Returns once the mark is on disk (fsync), however long that takes. A mark never falls: the higher
    // bound, the finer unit and the proof stay, of the stored one and this. storage: the write failed; from
    // then on every write fails until restart, because a failed fsync proves nothing later.
    virtual awaitable<Result<void>> save_nonce_mark(base::KeyId key, NonceMark mark) = 0;

    // Intents: what calls that act once meant to do. Each of these returns once it is on disk, and fails for
    // good as above.
    //
    // As they were when the database was opened, oldest first: what an earlier run has left open, and what
    // finished calls have left at Kraken.
    virtual const std::vector<Intent>& intents_at_start() const = 0;
    // Before the first byte leaves, with its row of the audit. Where Kraken's time is known, forgets what was
    // settled more than kept_after_settling ago: by a clock that may be wrong, nothing is ever forgotten, or
    // an idempotency key might place its order twice.
    virtual awaitable<Result<void>> open_intent(Intent intent, std::optional<base::Time> kraken_now) = 0;
    // With a row of the audit. One that has ended placed or not placed already stays as it is.
    virtual awaitable<Result<void>> end_intent(IntentEnd end) = 0;
    virtual awaitable<Result<void>> cancel_when_found(std::vector<std::string> ids, bool wanted) = 0;
    virtual awaitable<Result<std::optional<Intent>>> intent(std::string id) = 0;
    virtual awaitable<Result<std::optional<Intent>>> intent_of(
        std::string client, base::AccountName account, std::string idempotency_key
    ) = 0;
    // Newest first.
    virtual awaitable<Result<std::vector<Intent>>> intents(IntentQuery query) = 0;

    // Those of these orders that were placed here for the client.
    virtual awaitable<Result<std::vector<std::string>>> owned(
        std::string client, std::vector<std::string> txids
    ) = 0;

    // What a person has frozen, as it was when the database was opened.
    virtual const std::vector<Freeze>& freezes_at_start() const = 0;
    // Each returns once it is on disk. Freezing a scope again replaces the reason.
    virtual awaitable<Result<void>> freeze(Freeze freeze) = 0;
    virtual awaitable<Result<void>> thaw(std::string scope) = 0;

    // The highest ones of bots, as they were when the database was opened: one of each key and number of
    // digits.
    virtual const std::vector<BotNonce>& bot_nonces_at_start() const = 0;
    // Does not wait for the disk; but what is asked for later is not on disk before this is. A nonce never
    // falls.
    virtual void raise_bot_nonce(BotNonce used) = 0;

    // Audit: does not wait for the disk, so that no reply does; what then cannot be written is logged, and
    // failed() says it. That a call is done is not written twice where its own intent's end says it.
    virtual void record(AuditEntry entry) = 0;
    // Oldest first.
    virtual awaitable<Result<std::vector<AuditRow>>> audit(AuditQuery query) = 0;
    // Whether each row follows from the one before. Others' work goes on in between.
    virtual awaitable<Result<AuditVerdict>> verify_audit() = 0;

    // True once a write has failed.
    virtual bool failed() const = 0;
};

// Opens or creates `folder`/state.db; the folder must exist, checked and locked by the caller. Errors:
// storage.
Result<std::unique_ptr<StateStore>> open_state_store(
    boost::asio::any_io_executor executor, std::filesystem::path folder, AuditSettings settings = {}
);

}  // namespace krakken::state
