#pragma once

// One Kraken account: its lane, its state and its figures. Accounts share nothing, so one that fails does not
// touch another.

#include "account/calls.hpp"
#include "account/lane.hpp"
#include "account/latency.hpp"

#include <memory>
#include <optional>
#include <string>

namespace krakken::account {

enum class AccountState { ready, auth_failed, permission_denied, nonce_conflict, lockout, storage_failed };

std::string_view name(AccountState state);

class Account : public std::enable_shared_from_this<Account> {
public:
    Account(Services services, RetrySettings retry, keeper::KeyInfo info, std::shared_ptr<Lane> lane)
        : services_(std::move(services)), retry_(retry), info_(std::move(info)), lane_(std::move(lane)) {}

    // One private call. Refused at once while Kraken does not accept the key, so that a bot in a loop does
    // not bring a lockout.
    awaitable<Result<std::string>> call(Call call);

    // Kraken has accepted the key (again), or refused it.
    void validated(keeper::KeyInfo info);
    void refused(protocol::Error& error) { note(error); }

    const keeper::KeyInfo& info() const { return info_; }
    const Lane& lane() const { return *lane_; }
    AccountState state() const;
    // What a person can do about a state that is not ready.
    std::string remedy() const;
    std::uint64_t calls() const { return calls_; }
    std::uint64_t errors() const { return errors_; }
    const Latency& latency() const { return latency_; }
    std::optional<base::Time> last_success_at() const { return last_success_at_; }
    const std::string& last_error() const { return last_error_; }

private:
    void note(Result<std::string>& outcome);
    void note(protocol::Error& error);

    Services services_;
    RetrySettings retry_;
    keeper::KeyInfo info_;
    std::shared_ptr<Lane> lane_;

    // What the latest calls say; a key that is held and a lockout are the lane's to tell.
    AccountState state_ = AccountState::ready;
    std::uint64_t calls_ = 0;
    std::uint64_t errors_ = 0;
    std::optional<base::Time> last_success_at_;
    std::string last_error_;  // the contract's category of the latest error
    Latency latency_;
};

}  // namespace krakken::account
