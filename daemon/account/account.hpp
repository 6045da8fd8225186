#pragma once

// One Kraken account: its lane, its state and its figures. Accounts share nothing, so one that fails does not
// touch another.

#include "account/calls.hpp"
#include "account/lane.hpp"
#include "account/latency.hpp"

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace krakken::account {

enum class AccountState { ready, auth_failed, permission_denied, nonce_conflict, lockout, storage_failed };

std::string_view name(AccountState state);

class Account : public std::enable_shared_from_this<Account> {
public:
    Account(Services services, RetrySettings retry, keeper::KeyInfo info, std::shared_ptr<Lane> lane);

    // One private call. Refused at once while Kraken does not accept the key, so that a bot in a loop does
    // not bring a lockout.
    awaitable<Result<std::string>> call(Call call);

    // The settings or what the keeper says of the key have changed; calls that run go on with the old ones.
    void configure(RetrySettings retry) { retry_ = retry; }
    void describe(keeper::KeyInfo info) { info_ = std::move(info); }

    // What Kraken's answer to a call of `endpoint` says of the account. Questions that the daemon asks for
    // itself end here too, and count in no figure.
    void accepted(const protocol::Endpoint& endpoint);
    void refused(const protocol::Endpoint& endpoint, protocol::Error& error);
    // A person has had the key validated: what was refused before is forgotten.
    void validated(keeper::KeyInfo info);

    // Before the account is removed: no call begins any more, and those under way have ended when this
    // returns. False: one had not by `deadline`, or it is being removed already.
    awaitable<bool> retire(std::chrono::steady_clock::time_point deadline);
    void stay() { retiring_ = false; }  // the removal failed

    const keeper::KeyInfo& info() const { return info_; }
    const Lane& lane() const { return *lane_; }
    AccountState state() const;
    // One sentence on what a person can do about a state that is not ready.
    std::string remedy() const;
    std::uint64_t calls() const { return calls_; }
    std::uint64_t errors() const { return errors_; }
    const Latency& latency() const { return latency_; }
    std::optional<base::Time> last_success_at() const { return last_success_at_; }
    const std::string& last_error() const { return last_error_; }

private:
    void count(const protocol::Endpoint& endpoint, Result<std::string>& outcome);
    std::string refused_key_remedy() const;
    std::string permission_remedy() const;
    std::string then_validate() const;

    Services services_;
    RetrySettings retry_;
    keeper::KeyInfo info_;
    std::shared_ptr<Lane> lane_;

    // What the latest answers say; a held key and a lockout are the lane's to tell.
    bool nonce_conflict_ = false;  // until a call succeeds
    bool storage_failed_ = false;  // likewise; a failed write stays the store's to tell
    // What Kraken refused, as the endpoints' permissions stand in the table; each until a call that needs
    // the same succeeds, since others still work.
    std::set<std::string_view> denied_;

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
