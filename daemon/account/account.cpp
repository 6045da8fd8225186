#include "account/account.hpp"

#include <algorithm>
#include <utility>

namespace krakken::account {

using protocol::Error;
using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

std::string refused_key_remedy(const base::AccountName& account) {
    return "check the key at Kraken, then run: krakkenctl account validate " + account.text();
}

// These concern whatever orders are there when they arrive: repeated behind a later placement they would
// cancel what their caller never meant, behind a later dead man's switch they would undo it.
bool sweeps(const protocol::Endpoint& endpoint) {
    return endpoint.name == "CancelAll" || endpoint.name == "CancelAllOrdersAfter";
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

awaitable<Result<std::string>> Account::call(Call call) {
    const auto self = shared_from_this();
    if (auto refused = lane_->refusal()) {
        refused->account = info_.account.text();
        co_return std::unexpected(std::move(*refused));
    }

    const auto begun = steady_clock::now();
    std::optional<std::uint64_t> place;
    const SendOnce send_once = [this, &call, &place] {
        // A repeat waits anew: the time that the first copy took was not spent waiting.
        const auto turn = std::min(steady_clock::now() + call.max_wait, call.deadline);
        const bool keeps_place = sweeps(*call.endpoint);
        return lane_->send(
            *call.endpoint, call.parameters, {turn, call.deadline}, keeps_place ? &place : nullptr
        );
    };
    auto outcome = co_await make_call(services_.executor, services_.clock, call, retry_, send_once);
    latency_.add(std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begun));
    note(outcome);
    if (!outcome) outcome.error().account = info_.account.text();
    co_return outcome;
}

void Account::note(Result<std::string>& outcome) {
    ++calls_;
    if (outcome) {
        last_success_at_ = services_.clock.now();
        state_ = AccountState::ready;
        return;
    }
    ++errors_;
    note(outcome.error());
}

void Account::note(Error& error) {
    last_error_ = protocol::category(error.code);
    // For a placement it leaves the outcome open, but it tells of another user of the key all the same.
    if (std::ranges::find(error.kraken, "EAPI:Invalid nonce") != error.kraken.end()) {
        state_ = AccountState::nonce_conflict;
    }
    switch (error.code) {
        case ErrorCode::auth: {
            lane_->hold(protocol::make_error(
                            ErrorCode::auth, "Kraken refused this account's key, so nothing is sent with it"
            )
                            .with_remedy(refused_key_remedy(info_.account)));
            break;
        }
        case ErrorCode::permission:
            state_ = AccountState::permission_denied;
            break;
        case ErrorCode::lockout:
            lane_->locked_out(error);
            break;
        case ErrorCode::storage:
            state_ = AccountState::storage_failed;
            break;
        default:
            break;  // the account is as it was
    }
}

AccountState Account::state() const {
    if (lane_->held()) return AccountState::auth_failed;
    if (lane_->refusal()) return AccountState::lockout;
    return state_;
}

void Account::validated(keeper::KeyInfo info) {
    info_ = std::move(info);
    state_ = AccountState::ready;
    lane_->release();
}

std::string Account::remedy() const {
    switch (state()) {
        case AccountState::ready:
            return "";
        case AccountState::auth_failed:
            return refused_key_remedy(info_.account);
        case AccountState::permission_denied:
            return "tick the missing permission for this key at Kraken (the call's error names it)";
        case AccountState::nonce_conflict:
            return "make sure that no other program uses this API key, or make a new key for krakkend alone";
        case AccountState::lockout:
            return "wait about 15 minutes without calls";
        case AccountState::storage_failed:
            return "free or repair the disk of the state folder, then restart krakkend";
    }
    std::unreachable();
}

}  // namespace krakken::account
