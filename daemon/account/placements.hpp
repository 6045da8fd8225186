#pragma once

// The calls of one account that place orders or move funds: each is written down before it is sent, sent
// once, and seen to its end, over lost answers, a lock, a restart. The event loop's thread only.
//
// A caller waits for the end as long as it said; then it gets outcome_unknown, and settling goes on.

#include "account/calls.hpp"
#include "account/known_ids.hpp"
#include "account/lane.hpp"
#include "account/settlement.hpp"
#include "account/tagging.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace krakken::account {

// Does a lost answer of this endpoint leave an order or money in doubt?
bool is_placement(const protocol::Endpoint& endpoint);

// An order that is only checked is never executed, whatever becomes of the answer.
bool only_validates(const protocol::Endpoint& endpoint, const kraken::Parameters& parameters);

class Placements : public std::enable_shared_from_this<Placements> {
public:
    // `services` and what `ask` needs must outlive it.
    Placements(Services services, base::AccountName account, PlacementSettings settings, AskKraken ask);

    void configure(PlacementSettings settings) { settings_ = settings; }

    // Sends the call once, with what `prepare` does in its turn.
    using SendOnce =
        std::function<awaitable<Result<std::string>>(const Call& call, const Lane::Prepare& prepare)>;

    // Kraken's result, or why there is none. With an idempotency key, all calls of that key are one.
    awaitable<Result<std::string>> place(Call call, SendOnce send);

    // What is known of an earlier call of the same idempotency key, or that its arguments were others. Empty:
    // it may have been executed.
    static std::optional<Result<std::string>> known_outcome(const state::Intent& intent, const Call& call);

    // Takes over what earlier runs of the daemon have written of this account. What they left open is looked
    // up, but for what a person has settled since; nothing is placed before that is settled.
    void adopt(const std::vector<state::Intent>& intents, const std::set<std::string>& settled_since);
    // The keys are there: what was interrupted goes on.
    void resume();

    // A client's CancelAll has come: those of its calls that are not in the line yet are not sent any more.
    void drop_unsent(const base::Client& client);
    // A CancelAll is about to be sent, or what one client has placed is to be canceled: orders that were sent
    // before and show later are canceled then. The ids of those that it concerns; durable when it returns.
    awaitable<std::vector<std::string>> cancel_what_shows(std::optional<std::string> identity = {});
    // It was not executed after all.
    awaitable<void> spare(std::vector<std::string> ids);
    // A CancelAll is under way, for as long as this lives: what it may find itself is not canceled beside it.
    class Sweep {
    public:
        explicit Sweep(std::shared_ptr<Placements> placements) : placements_(std::move(placements)) {
            ++placements_->sweeps_;
        }
        Sweep(const Sweep&) = delete;
        Sweep& operator=(const Sweep&) = delete;
        ~Sweep() {
            --placements_->sweeps_;
            placements_->sweep_over_.happened();
        }

    private:
        std::shared_ptr<Placements> placements_;
    };

    // Null when it is not open here.
    std::shared_ptr<Settlement> find(const std::string& id) const;
    // A person knows better.
    awaitable<Result<void>> settle(std::string id, PersonsWord word);

    // Their client has learned in another way what became of these calls.
    void told(const std::function<bool(const state::Intent& intent)>& of_these);

    // Calls whose answer was lost and whose fate is being found out.
    std::size_t settling() const;
    // Orders of this client that were sent, and nobody knows (yet) whether they were placed.
    std::size_t orders_in_doubt(const std::string& identity) const;
    // Also those that are to be canceled yet.
    bool is_settling() const;

    // Whether a call of this key is on its way or its fate is being found out, for which the key is needed.
    bool needs(const base::KeyId& key) const;
    // Returns when nothing is being found out of the calls of this key, or at the deadline.
    awaitable<void> settle_those_of(base::KeyId key, std::chrono::steady_clock::time_point deadline);
    // Returns when no call of this key waits for its answer, or one was lost, or at the deadline.
    awaitable<void> end_of_those_sent(base::KeyId key, std::chrono::steady_clock::time_point deadline);

private:
    using Key = std::pair<std::string, std::string>;  // client, idempotency key
    // A call that is not in its account's line yet: it waits for the disk or for what is looked up.
    struct Ahead {
        base::Client client;
        bool dropped = false;  // its client has sent a CancelAll meanwhile
    };
    // All calls of one idempotency key that are under way.
    struct Shared {
        explicit Shared(boost::asio::any_io_executor executor, std::string hash)
            : arguments_hash(std::move(hash)), changed(std::move(executor)) {}
        std::string arguments_hash;
        Changes changed;  // there is an outcome
        std::optional<Result<std::string>> outcome;
    };

    awaitable<Result<std::string>> place_once(
        Call& call, const SendOnce& send, const std::string& hash, const Ahead& ahead
    );
    awaitable<Result<std::string>> place_under_key(
        Call& call, const SendOnce& send, const std::string& hash, const Ahead& ahead
    );
    awaitable<Result<std::string>> join(std::shared_ptr<Shared> shared, const Call& call);
    // See Call::joins_its_like. Null: there is none.
    std::shared_ptr<Settlement> same_before(const Call& call, const std::string& hash);
    // The call's asker gets the settlement's outcome, if somebody is there.
    static void tell(Settlement& settlement, const Call& call);
    awaitable<Result<std::string>> follow(std::shared_ptr<Settlement> earlier, const Call& call);
    static awaitable<Result<kraken::Parameters>> leave_unsent();
    awaitable<Result<std::string>> recall(state::Intent intent, const Call& call);
    // See Lane::Prepare.
    awaitable<Result<kraken::Parameters>> finish(
        const Call& call,
        const std::string& hash,
        Tagged tagged,
        std::shared_ptr<Settlement>& settlement,
        base::KeyId key,
        base::Nonce nonce
    );
    awaitable<Result<void>> commit(const std::shared_ptr<Settlement>& settlement);
    awaitable<void> know_the_time();
    awaitable<Result<std::string>> await_end(std::shared_ptr<Settlement> settlement, const Call& call);
    awaitable<Result<void>> await_recovery(const Call& call);
    std::shared_ptr<Settlement> open_one_of(
        const base::KeyId& key, bool (*is_it)(const Settlement& settlement)
    ) const;

    void find_out(std::shared_ptr<Settlement> settlement);
    static awaitable<void> see_to_the_end(
        std::shared_ptr<Placements> self, std::shared_ptr<Settlement> settlement
    );
    awaitable<void> write_cancel_when_found(std::vector<std::string> ids, bool wanted);
    awaitable<bool> cancel_swept(const Settlement& settlement);
    awaitable<bool> cancel(std::string call_id, std::string txid);
    void end_in_background(const std::shared_ptr<Settlement>& settlement);
    static awaitable<void> end(std::shared_ptr<Placements> self, std::shared_ptr<Settlement> settlement);
    static awaitable<Result<void>> write_end(
        std::shared_ptr<Placements> self, std::shared_ptr<Settlement> settlement
    );
    void adopt(const state::Intent& intent, const protocol::Endpoint& endpoint);
    void remember(const std::string& result);
    Claims claims_beside(const Settlement& settlement) const;

    Services services_;
    base::AccountName account_;
    PlacementSettings settings_;
    AskKraken ask_;
    LookTurns look_turns_;

    std::map<std::string, std::shared_ptr<Settlement>>
        open_;  // by id: on their way, lost, unknown for good, or not yet written as ended
    std::list<std::shared_ptr<Settlement>> untold_;  // placed lately, and their clients do not know
    std::map<Key, std::shared_ptr<Shared>> shared_;
    std::list<Ahead> ahead_;
    KnownIds known_;
    std::size_t sweeps_ = 0;  // CancelAlls under way
    Changes sweep_over_;
    std::set<std::string> recovering_;  // ids that an earlier run left open
    Changes recovered_;
    std::optional<std::chrono::microseconds> time_asked_;  // Kraken's, by the clock that never steps
};

}  // namespace krakken::account
