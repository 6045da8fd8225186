#pragma once

// One API key of an account: what the keeper says of it, its lane, and what Kraken's latest answers to it
// say.

#include "account/lane.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::account {

// From the best to the worst: an account is in the state of its best key.
enum class AccountState { ready, permission_denied, nonce_conflict, lockout, auth_failed, storage_failed };

std::string_view name(AccountState state);

class Key {
public:
    // `store` outlives it.
    Key(const state::StateStore& store, keeper::KeyInfo info, std::shared_ptr<Lane> lane);

    void describe(keeper::KeyInfo info) { info_ = std::move(info); }
    // What Kraken has told that it may; empty: not told.
    void permit(std::optional<std::vector<std::string>> permissions) {
        permissions_ = std::move(permissions);
    }

    // What Kraken's answer to a call of `endpoint` says of the key. A lockout gets its end.
    void learn(const protocol::Endpoint& endpoint, Result<std::string>& outcome);
    void accepted(const protocol::Endpoint& endpoint);
    void refused(const protocol::Endpoint& endpoint, protocol::Error& error);
    // A person has had it validated: what was refused before is forgotten.
    void validated(keeper::KeyInfo info);

    const keeper::KeyInfo& info() const { return info_; }
    const std::shared_ptr<Lane>& lane() const { return lane_; }
    // Nothing that was refused needs what this endpoint needs, and Kraken has not told that it may not.
    bool may(const protocol::Endpoint& endpoint) const;
    AccountState state() const;
    // One sentence on what a person can do about a state that is not ready.
    std::string remedy() const;

private:
    std::string refused_key_remedy() const;
    std::string permission_remedy() const;
    std::string then_validate() const;

    const state::StateStore& store_;
    keeper::KeyInfo info_;
    std::shared_ptr<Lane> lane_;

    // What the latest answers say; a held key and a lockout are the lane's to tell.
    bool nonce_conflict_ = false;  // until a call succeeds
    bool storage_failed_ = false;  // likewise; a failed write stays the store's to tell
    std::optional<std::vector<std::string>> permissions_;
    // What Kraken refused, as the endpoints' permissions stand in the table; each until a call that needs
    // the same succeeds, since others still work.
    std::set<std::string_view> denied_;
};

}  // namespace krakken::account
