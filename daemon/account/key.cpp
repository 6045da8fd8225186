#include "account/key.hpp"

#include "protocol/endpoints.hpp"

#include <algorithm>
#include <utility>

namespace krakken::account {

using protocol::Error;
using protocol::ErrorCode;

namespace {

// A whole account that may not do something at all (its region, its verification) is no fault of the key.
bool is_of_the_key(const Error& error) {
    return std::ranges::any_of(error.kraken, [](const std::string& text) { return text.contains("denied"); });
}

}  // namespace

std::string_view name(AccountState state) {
    switch (state) {
        case AccountState::ready:
            return "ready";
        case AccountState::auth_failed:
            return "auth_failed";
        case AccountState::permission_denied:
            return "permission_denied";
        case AccountState::nonce_conflict:
            return "nonce_conflict";
        case AccountState::lockout:
            return "lockout";
        case AccountState::storage_failed:
            return "storage_failed";
    }
    std::unreachable();
}

Key::Key(const state::StateStore& store, keeper::KeyInfo info, std::shared_ptr<Lane> lane)
    : store_(store), info_(std::move(info)), lane_(std::move(lane)) {}

void Key::learn(const protocol::Endpoint& endpoint, Result<std::string>& outcome) {
    if (outcome) {
        accepted(endpoint);
    } else {
        refused(endpoint, outcome.error());
    }
}

void Key::accepted(const protocol::Endpoint& endpoint) {
    nonce_conflict_ = false;
    storage_failed_ = false;
    denied_.erase(endpoint.permission);
    // It was given more at Kraken since that was told.
    if (!may(endpoint)) permissions_.reset();
}

bool Key::may(const protocol::Endpoint& endpoint) const {
    if (denied_.contains(endpoint.permission)) return false;
    return !permissions_ || protocol::permits(*permissions_, endpoint.permission);
}

void Key::refused(const protocol::Endpoint& endpoint, Error& error) {
    // For a placement it leaves the outcome open, but it tells of another user of the key all the same.
    if (std::ranges::find(error.kraken, "EAPI:Invalid nonce") != error.kraken.end()) nonce_conflict_ = true;
    switch (error.code) {
        case ErrorCode::auth: {
            lane_->hold(protocol::make_error(
                            ErrorCode::auth, "Kraken refused this account's key, so nothing is sent with it"
            )
                            .with_remedy(refused_key_remedy()));
            break;
        }
        case ErrorCode::permission:
            if (is_of_the_key(error)) denied_.insert(endpoint.permission);
            break;
        case ErrorCode::lockout:
            lane_->locked_out(error);
            break;
        case ErrorCode::storage:
            storage_failed_ = true;
            break;
        default:
            break;  // the key is as it was
    }
}

void Key::validated(keeper::KeyInfo info) {
    info_ = std::move(info);
    nonce_conflict_ = false;
    denied_.clear();
    lane_->release();
}

AccountState Key::state() const {
    if (storage_failed_ || store_.failed()) return AccountState::storage_failed;
    if (lane_->held()) return AccountState::auth_failed;
    if (lane_->refusal()) return AccountState::lockout;
    if (nonce_conflict_) return AccountState::nonce_conflict;
    if (!denied_.empty()) return AccountState::permission_denied;
    return AccountState::ready;
}

std::string Key::remedy() const {
    switch (state()) {
        case AccountState::ready:
            return "";
        case AccountState::auth_failed:
            return lane_->refusal()->remedy;
        case AccountState::permission_denied:
            return permission_remedy();
        case AccountState::nonce_conflict:
            return "stop every other program that uses this API key (or make a new key for krakkend alone), "
                   "check "
                   "key and permissions at Kraken and this machine's clock" +
                   then_validate();
        case AccountState::lockout:
            return "wait about 15 minutes without calls";
        case AccountState::storage_failed:
            return "free or repair the disk of the state folder, then restart krakkend";
    }
    std::unreachable();
}

std::string Key::refused_key_remedy() const {
    return "check that key and secret belong together, and at Kraken that the key is there and unexpired" +
           then_validate();
}

std::string Key::permission_remedy() const {
    std::string missing;
    for (const std::string_view permission : denied_) {
        if (permission.empty()) continue;
        missing += (missing.empty() ? "" : " and ") + protocol::permission_titles(permission);
    }
    if (missing.empty()) missing = "the missing permission";
    return "tick " + missing + " for this key at Kraken" + then_validate();
}

// A key of the environment is not the daemon's to validate; it is asked about at every start.
std::string Key::then_validate() const {
    if (info_.source == keeper::Source::environment) return ", then restart krakkend with its environment";
    return ", then run: krakkenctl account validate " + info_.account.text();
}

}  // namespace krakken::account
