#pragma once

// One call that acts once, from its intent to the knowledge of what became of it. Settles it where its answer
// was lost: asks Kraken what the machine wants to know (settling.hpp) and tells it the answers.

#include "account/changes.hpp"
#include "account/look_turns.hpp"
#include "account/settling.hpp"
#include "account/sought.hpp"
#include "kraken/api.hpp"
#include "kraken/server_clock.hpp"
#include "protocol/endpoints.hpp"
#include "state/state_store.hpp"

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace krakken::account {

using boost::asio::awaitable;
using protocol::Result;

// Makes one call that the daemon wants for itself, with the key named, or any of the account's: one attempt,
// counted in no figure of the account. Errors as a client would get them.
using AskKraken = std::function<awaitable<Result<std::string>>(
    const protocol::Endpoint& endpoint, kraken::Parameters parameters, std::optional<base::KeyId> key
)>;

// How the look-ups ended.
enum class SettlingEnd {
    settled,
    interrupted,  // the keys are gone or the daemon stops: another time
};

// How a call ended, said by a person who knows better than the daemon can.
struct PersonsWord {
    state::IntentState state;  // placed or not_placed
    std::string reason;
    base::Caller said_by;
};

class Settlement {
public:
    // What else goes on in the account while a look-up is under way.
    using OtherCalls = std::function<Claims()>;

    Settlement(
        state::Intent intent,
        const protocol::Endpoint& endpoint,
        Sought sought,
        boost::asio::any_io_executor executor
    )
        : intent_(std::move(intent)),
          endpoint_(endpoint),
          sought_(std::move(sought)),
          changed_(std::move(executor)),
          sweeps_(intent_.cancel_when_found ? 1 : 0) {}

    const state::Intent& intent() const { return intent_; }
    const protocol::Endpoint& endpoint() const { return endpoint_; }
    const Sought& sought() const { return sought_; }

    // The answer is lost: its fate is being found out, or waits for the keys.
    bool is_lost() const { return lost_; }
    bool is_looked_for() const { return looked_for_; }
    bool is_settled() const { return state_ != state::IntentState::sent; }
    state::IntentState state() const { return state_; }
    // What its caller gets, once it is settled.
    const Result<std::string>& outcome() const { return outcome_; }
    // What Kraken has that belongs to it, once it is placed.
    const std::vector<Finding>& findings() const { return findings_; }

    // Tells whether nobody waits for the call's answer any more; none: somebody does.
    void asked_by(std::function<bool()> is_gone) { asker_is_gone_ = std::move(is_gone); }
    bool asker_is_gone() const { return asker_is_gone_ && asker_is_gone_(); }
    // Its client has learned what became of it.
    void tell() { is_told_ = true; }
    // It was settled lately, and its client has not learned of it, nor does anybody wait to.
    bool is_untold(std::chrono::steady_clock::time_point now) const {
        return is_settled() && !is_told_ && waiting_ == 0 && now < settled_at_ + asked_again_for;
    }

    // Returns when it is settled or interrupted, or at the deadline.
    awaitable<void> wait(std::chrono::steady_clock::time_point deadline);
    // At the next change of either, or at the deadline.
    awaitable<void> wait_for_change(std::chrono::steady_clock::time_point deadline) {
        return changed_.wait_until(deadline);
    }

    void lose() {
        lost_ = true;
        changed_.happened();
    }
    // A CancelAll goes out behind it: it is to be canceled when it shows; or that one was not executed.
    void swept() { ++sweeps_; }
    void spared() {
        if (sweeps_ > 0) --sweeps_;
    }
    bool is_to_be_canceled() const { return sweeps_ > 0; }
    bool is_settled_for_good() const { return is_settled() && state_ != state::IntentState::unknown; }
    // What could not be found out is looked for once more.
    void reopen() {
        state_ = state::IntentState::sent;
        findings_.clear();
    }
    // Ends it, by an answer of Kraken's or a person's word; the first one stands.
    void settle(state::IntentState state, Result<std::string> outcome);
    void settle_by_person(PersonsWord word, protocol::Error outcome);
    const std::string& reason() const { return intent_.reason; }
    // Empty where no person did.
    const std::optional<base::Caller>& said_by() const { return said_by_; }
    void look_begins() { looked_for_ = true; }
    // Nobody looks for it any more, or at the moment: its waiters are told so.
    void look_ends();

    // Looks until it is settled or interrupted. `self` keeps it alive; all else must outlive the coroutine.
    static awaitable<SettlingEnd> look(
        std::shared_ptr<Settlement> self,
        kraken::Api& api,
        kraken::ServerClock& clock,
        AskKraken ask,
        OtherCalls others,
        Settling::Patience patience,
        LookTurns& turns
    );

private:
    state::Intent intent_;
    const protocol::Endpoint& endpoint_;
    Sought sought_;
    Changes changed_;
    std::size_t sweeps_;  // of those that may have been executed
    // A library that has given up asks again within seconds.
    static constexpr std::chrono::seconds asked_again_for{30};

    bool lost_ = false;
    bool looked_for_ = false;
    bool is_told_ = false;
    std::size_t waiting_ = 0;
    std::chrono::steady_clock::time_point settled_at_;
    state::IntentState state_ = state::IntentState::sent;
    Result<std::string> outcome_;
    std::vector<Finding> findings_;
    std::optional<base::Caller> said_by_;
    std::function<bool()> asker_is_gone_;
};

// The caller's answer where a person has settled it.
protocol::Error by_a_person(bool executed, const std::string& reason);
// The caller's answer once it is known from what is written down; empty: it is not.
std::optional<Result<std::string>> outcome_of(const state::Intent& intent);
// The caller's answer while nobody knows: outcome_unknown with the intent's id, tag, time and what to do.
protocol::Error unknown_outcome(const Settlement& settlement, std::string sentence, bool settling);

}  // namespace krakken::account
