#pragma once

// One Kraken account: its keys with their lanes, its state and its figures. Accounts share nothing, so one
// that fails does not touch another.

#include "account/admission.hpp"
#include "account/calls.hpp"
#include "account/keys.hpp"
#include "account/latency.hpp"
#include "account/limits.hpp"
#include "account/placements.hpp"
#include "account/shared_reads.hpp"

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::account {

class Account : public std::enable_shared_from_this<Account> {
public:
    // At least one key, all of the same account at Kraken.
    static std::shared_ptr<Account> open(
        Services services, RetrySettings retry, PlacementSettings placement, std::vector<KeyOnLane> keys
    );

    // One private call. Refused at once while Kraken does not accept any key, so that a bot in a loop does
    // not bring a lockout.
    awaitable<Result<std::string>> call(Call call);

    // The settings have changed; calls that run go on with the old ones.
    void configure(RetrySettings retry, PlacementSettings placement);
    // Whether calls keep to Kraken's limits by themselves; by the tier of the account's keys.
    void keep_to_limits(bool model);
    // These are the account's keys now, at least one. Calls under way on the lane of another end there; those
    // that wait go over the lanes that there are. `draining`: keys that are being removed, for now.
    void serve_with(std::vector<KeyOnLane> keys, const std::set<base::KeyId>& draining = {});

    // What Kraken said when a person had this key validated, where the account has it still; it counts in no
    // figure. Once it is validated, what was refused before is forgotten.
    void refused(const base::KeyId& key, const protocol::Endpoint& endpoint, protocol::Error& error);
    void validated(keeper::KeyInfo info);

    // Before the account is removed: no call begins any more, and those under way have ended when this
    // returns. False: one had not by `deadline`, the fate of one is being found out, or it is being removed
    // already.
    awaitable<bool> retire(std::chrono::steady_clock::time_point deadline);
    void stay() { retiring_ = false; }  // the removal failed

    // The calls that place orders or move funds, and what became of them.
    Placements& placements() { return *placements_; }
    const Placements& placements() const { return *placements_; }

    const std::vector<std::shared_ptr<Key>>& keys() const { return keys_.all(); }
    // Of its first key; name and source are the same for all.
    const keeper::KeyInfo& info() const { return keys_.first().info(); }
    AccountState state() const { return keys_.best().state(); }
    // One sentence on what a person can do about a state that is not ready.
    std::string remedy() const { return keys_.best().remedy(); }
    // The calls that wait for a lane.
    Line::Counts waiting() const { return admission_->line().counts(); }
    Limits& limits() { return limits_; }
    const Limits& limits() const { return limits_; }
    std::uint64_t calls() const { return calls_; }
    std::uint64_t errors() const { return errors_; }
    const Latency& latency() const { return latency_; }
    std::optional<base::Time> last_success_at() const { return last_success_at_; }
    const std::string& last_error() const { return last_error_; }

private:
    Account(Services services, RetrySettings retry, std::vector<KeyOnLane> keys);

    // How the attempts of one call go.
    struct Course {
        Place* place = nullptr;
        const Lane::Prepare* prepare = nullptr;
        std::shared_ptr<Key> key = {};  // whose lane the latest attempt took; none where none got to one
        bool repeat = false;
        bool settles = false;                   // the daemon's own question, see Line::Entry
        const base::KeyId* only_key = nullptr;  // no other will do
        bool given_up = false;                  // the latest attempt, for a cancel
        SharedReads::Flight* flight = nullptr;  // a read that others may wait for, too
    };

    std::optional<protocol::Error> refusal() const;
    awaitable<Result<std::string>> read_or_act(Call call);
    awaitable<Result<std::string>> act(const Call& call);
    awaitable<Result<std::string>> place(const Call& call, const Lane::Prepare& prepare);
    awaitable<Result<std::string>> cancel_all(const Call& call);
    // See Call::objection.
    awaitable<Result<std::string>> make_unless_objected(const Call& call);
    awaitable<Result<std::string>> make(const Call& call, Course course);
    // A question of the daemon's own, or a cancel that a client wanted.
    static awaitable<Result<std::string>> ask(
        std::weak_ptr<Account> account,
        const protocol::Endpoint& endpoint,
        kraken::Parameters parameters,
        std::optional<base::KeyId> key
    );
    awaitable<Result<kraken::Attempt>> send(const Call& call, Course& course);
    awaitable<Result<Admission::Pass>> enter(
        const Line::Entry& entry, std::chrono::steady_clock::time_point turn
    );
    bool goes_elsewhere(const Call& call, const Course& course, const Result<std::string>& outcome) const;
    void count(const Result<std::string>& outcome);

    Services services_;
    RetrySettings retry_;
    Keys keys_;
    std::set<base::KeyId> draining_;
    Limits limits_;
    std::shared_ptr<Admission> admission_;
    SharedReads reads_;
    std::shared_ptr<Placements> placements_;

    std::uint64_t calls_ = 0;
    std::uint64_t errors_ = 0;
    std::optional<base::Time> last_success_at_;
    std::string last_error_;  // the contract's category of the latest error
    Latency latency_;

    bool retiring_ = false;
    std::size_t under_way_ = 0;
    boost::asio::steady_timer none_under_way_;  // cancelled when it is so
};

}  // namespace krakken::account
