#include "state_store.hpp"

#include "audit_chain.hpp"
#include "base/log.hpp"
#include "schema.hpp"
#include "writer.hpp"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

namespace krakken::state {

namespace {

namespace asio = boost::asio;

template <class Value>
using Work = std::function<Value(Tables&)>;

// A job whose result resumes a coroutine of the event loop.
template <class Value>
class Task final : public Job {
public:
    using Handler = std::move_only_function<void(Result<Value>)>;

    Task(asio::any_io_executor executor, Work<Value> work, Handler handler)
        : executor_(executor),
          loop_(std::move(executor)),
          work_(std::move(work)),
          handler_(std::move(handler)) {}

    void run(Tables& tables) override {
        if constexpr (std::same_as<Value, void>) {
            work_(tables);
        } else {
            result_ = work_(tables);
        }
    }

    void complete(const std::optional<protocol::Error>& error) override {
        if (error) result_ = std::unexpected(*error);
        asio::post(executor_, [handler = std::move(handler_), result = std::move(result_)]() mutable {
            handler(std::move(result));
        });
    }

private:
    asio::any_io_executor executor_;
    asio::executor_work_guard<asio::any_io_executor> loop_;  // the loop must not end while a result is due
    Work<Value> work_;
    Handler handler_;
    Result<Value> result_;
};

// A row of the audit, which nobody waits for.
class Record final : public Job {
public:
    explicit Record(AuditEntry entry) : entry_(std::move(entry)) {}

    void run(Tables& tables) override {
        if (!is_said(tables)) tables.audit.append(entry_);
    }

    void complete(const std::optional<protocol::Error>& error) override {
        if (!error) return;
        base::log(
            base::LogLevel::error,
            "audit.not_written",
            {{"call_id", entry_.call_id}, {"what", entry_.what}, {"category", protocol::category(error->code)}
            }
        );
    }

    // Nobody could try again.
    std::size_t patience() const override { return 16 * max_waiting_jobs; }

private:
    // Whoever was told that a call was done: its intent ends so, now or, after a crash, in the next run.
    bool is_said(Tables& tables) {
        return entry_.outcome == "ok" && !entry_.call_id.empty() && tables.intents.find(entry_.call_id);
    }

    AuditEntry entry_;
};

// A bot's nonce, which nobody waits for.
class BotNonceRaise final : public Job {
public:
    explicit BotNonceRaise(BotNonce used) : used_(std::move(used)) {}

    void run(Tables& tables) override { tables.bot_nonces.raise(used_); }

    void complete(const std::optional<protocol::Error>& error) override {
        if (!error) return;
        base::log(
            base::LogLevel::error,
            "bot.nonce_not_written",
            {{"key", used_.bot_key}, {"category", protocol::category(error->code)}}
        );
    }

    // Nobody could try again.
    std::size_t patience() const override { return 16 * max_waiting_jobs; }

private:
    BotNonce used_;
};

AuditEntry row_of(const Intent& intent) {
    return {
        .at = intent.sent_at,
        .caller = intent.caller,
        .what = intent.endpoint,
        .account = intent.account.text(),
        .key = intent.key.hex(),
        .nonce = intent.nonce.value(),
        .call_id = intent.id,
        .outcome = "intent"
    };
}

void open_in(Tables& tables, const Intent& intent, std::optional<base::Time> kraken_now) {
    if (kraken_now) tables.intents.forget(*kraken_now, kept_after_settling);
    tables.intents.open(intent);
    tables.audit.append(row_of(intent));
}

void end_in(Tables& tables, const IntentEnd& end) {
    const auto intent = tables.intents.find(end.id);
    if (!intent || intent->state == IntentState::placed || intent->state == IntentState::not_placed) return;
    tables.intents.end(end);
    if (end.state == IntentState::placed) tables.owners.add(end.ids, intent->client);
    if (intent->state == end.state) return;
    AuditEntry row = row_of(*intent);
    row.at = end.settled_at;
    if (end.said_by) row.caller = *end.said_by;
    row.ids = end.ids;
    row.outcome = name(end.state);
    tables.audit.append(row);
}

// A day's worth of one very busy account.
constexpr std::size_t most_intents_at_start = 100'000;

std::vector<Intent> read_intents(Database& database) {
    IntentTable table(database);
    auto intents = table.list({.limit = most_intents_at_start});
    std::ranges::reverse(intents);
    return intents;
}

class SqliteStateStore final : public StateStore {
public:
    SqliteStateStore(
        asio::any_io_executor executor, Database database, std::string folder, AuditSettings audit
    )
        : executor_(std::move(executor)),
          intents_at_start_(read_intents(database)),
          freezes_at_start_(FreezeTable(database).list()),
          bot_nonces_at_start_(BotNonceTable(database).list()),
          writer_(std::move(database), std::move(folder), audit) {}

    awaitable<Result<std::optional<NonceMark>>> nonce_mark(base::KeyId key) override {
        return perform<std::optional<NonceMark>>([key](Tables& tables) { return tables.marks.find(key); });
    }

    awaitable<Result<void>> save_nonce_mark(base::KeyId key, NonceMark mark) override {
        if (mark.bound.value() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
            co_return protocol::fail(protocol::ErrorCode::internal, "a nonce bound is above 2^63 - 1");
        }
        auto result = co_await perform<void>([key, mark](Tables& tables) { tables.marks.raise(key, mark); });
        co_return result;
    }

    const std::vector<Intent>& intents_at_start() const override { return intents_at_start_; }

    awaitable<Result<void>> open_intent(Intent intent, std::optional<base::Time> kraken_now) override {
        return perform<void>([intent = std::move(intent), kraken_now](Tables& tables) {
            open_in(tables, intent, kraken_now);
        });
    }

    awaitable<Result<void>> end_intent(IntentEnd end) override {
        return perform<void>([end = std::move(end)](Tables& tables) { end_in(tables, end); });
    }

    awaitable<Result<void>> cancel_when_found(std::vector<std::string> ids, bool wanted) override {
        return perform<void>([ids = std::move(ids), wanted](Tables& tables) {
            for (const std::string& id : ids)
                tables.intents.cancel_when_found(id, wanted);
        });
    }

    awaitable<Result<std::optional<Intent>>> intent(std::string id) override {
        return perform<std::optional<Intent>>([id = std::move(id)](Tables& tables) {
            return tables.intents.find(id);
        });
    }

    awaitable<Result<std::optional<Intent>>> intent_of(
        std::string client, base::AccountName account, std::string idempotency_key
    ) override {
        return perform<std::optional<Intent>>([client = std::move(client),
                                               account = std::move(account),
                                               key = std::move(idempotency_key)](Tables& tables) {
            return tables.intents.find_by_key(client, account.text(), key);
        });
    }

    awaitable<Result<std::vector<Intent>>> intents(IntentQuery query) override {
        return perform<std::vector<Intent>>([query = std::move(query)](Tables& tables) {
            return tables.intents.list(query);
        });
    }

    const std::vector<Freeze>& freezes_at_start() const override { return freezes_at_start_; }

    awaitable<Result<void>> freeze(Freeze freeze) override {
        return perform<void>([freeze = std::move(freeze)](Tables& tables) { tables.freezes.put(freeze); });
    }

    awaitable<Result<void>> thaw(std::string scope) override {
        return perform<void>([scope = std::move(scope)](Tables& tables) { tables.freezes.remove(scope); });
    }

    const std::vector<BotNonce>& bot_nonces_at_start() const override { return bot_nonces_at_start_; }

    void raise_bot_nonce(BotNonce used) override {
        writer_.submit(std::make_unique<BotNonceRaise>(std::move(used)));
    }

    awaitable<Result<std::vector<std::string>>> owned(std::string client, std::vector<std::string> txids)
        override {
        return perform<std::vector<std::string>>([client = std::move(client),
                                                  txids = std::move(txids)](Tables& tables) {
            return tables.owners.owned(txids, client);
        });
    }

    void record(AuditEntry entry) override { writer_.submit(std::make_unique<Record>(std::move(entry))); }

    awaitable<Result<std::vector<AuditRow>>> audit(AuditQuery query) override {
        return perform<std::vector<AuditRow>>([query = std::move(query)](Tables& tables) {
            return tables.audit.list(query);
        });
    }

    awaitable<Result<AuditVerdict>> verify_audit() override {
        AuditCheck check;
        while (!check.ended()) {
            auto further = co_await perform<AuditCheck>([check](Tables& tables) mutable {
                tables.audit.check_some(check);
                return check;
            });
            if (!further) co_return std::unexpected(std::move(further.error()));
            check = std::move(*further);
        }
        co_return check.verdict();
    }

    bool failed() const override { return writer_.failed(); }

private:
    // Not cancellable: the write goes on anyway, and its result is what counts.
    template <class Value>
    awaitable<Result<Value>> perform(Work<Value> work) {
        auto start = [this](auto handler, Work<Value> job) {
            writer_.submit(std::make_unique<Task<Value>>(executor_, std::move(job), std::move(handler)));
        };
        auto result = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<Value>)>(
            start, asio::use_awaitable, std::move(work)
        );
        co_return result;
    }

    asio::any_io_executor executor_;
    std::vector<Intent> intents_at_start_;
    std::vector<Freeze> freezes_at_start_;
    std::vector<BotNonce> bot_nonces_at_start_;
    Writer writer_;
};

}  // namespace

Result<std::unique_ptr<StateStore>> open_state_store(
    asio::any_io_executor executor, std::filesystem::path folder, AuditSettings settings
) {
    Result<Database> database = open_database(folder);
    if (!database) return std::unexpected(std::move(database.error()));
    return std::make_unique<SqliteStateStore>(
        std::move(executor), std::move(*database), folder.string(), settings
    );
}

}  // namespace krakken::state
