#include "account/account.hpp"

#include "protocol/endpoints.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace krakken::account {

using protocol::Error;
using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

// These concern whatever orders are there when they arrive: repeated behind a later placement they would
// cancel what their caller never meant, behind a later dead man's switch they would undo it.
bool sweeps(const protocol::Endpoint& endpoint) {
    return endpoint.name == "CancelAll" || endpoint.name == "CancelAllOrdersAfter";
}

// Kraken's own id of one order; a number is a userref.
bool is_order_id(std::string_view raw) {
    if (protocol::kind_of(raw) != protocol::JsonKind::string) return false;
    const std::string text = protocol::decode_string(raw);
    return !text.empty() && (text[0] < '0' || text[0] > '9') && text[0] != '-' && !text.contains(',');
}

// Clients give the names cl_ord_id and userref, and may give them again: repeated behind a later placement
// such a cancel might hit the new order.
bool cancels_by_name(const Call& call) {
    if (call.endpoint->name != "CancelOrder" && call.endpoint->name != "CancelOrderBatch") return false;
    return !std::ranges::all_of(call.parameters.fields(), [](const kraken::Parameters::Field& field) {
        if (field.name == "txid") return is_order_id(field.raw);
        const auto orders = protocol::split_array(field.raw, protocol::max_request_depth);
        return field.name == "orders" && orders && std::ranges::all_of(*orders, is_order_id);
    });
}

// A whole account that may not do something at all (its region, its verification) is no fault of the key.
bool is_of_the_key(const Error& error) {
    return std::ranges::any_of(error.kraken, [](const std::string& text) { return text.contains("denied"); });
}

// One call under way, for as long as this lives.
class UnderWay {
public:
    UnderWay(std::size_t& count, boost::asio::steady_timer& none) : count_(count), none_(none) { ++count_; }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    ~UnderWay() {
        if (--count_ == 0) none_.cancel();
    }

private:
    std::size_t& count_;
    boost::asio::steady_timer& none_;
};

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

Account::Account(Services services, RetrySettings retry, keeper::KeyInfo info, std::shared_ptr<Lane> lane)
    : services_(std::move(services)),
      retry_(retry),
      info_(std::move(info)),
      lane_(std::move(lane)),
      none_under_way_(services_.executor) {}

awaitable<Result<std::string>> Account::call(Call call) {
    const auto self = shared_from_this();
    auto refused = lane_->refusal();
    if (retiring_) refused = protocol::make_error(ErrorCode::unknown_account, "the account is being removed");
    if (refused) {
        refused->account = info_.account.text();
        co_return std::unexpected(std::move(*refused));
    }

    const UnderWay under_way(under_way_, none_under_way_);
    const auto begun = steady_clock::now();
    Place place{sweeps(*call.endpoint) ? Place::Behind::whatever_acts : Place::Behind::placements};
    const bool keeps_place = sweeps(*call.endpoint) || cancels_by_name(call);
    const SendOnce send_once = [this, &call, &place, keeps_place] {
        // A repeat waits anew: the time that the first copy took was not spent waiting.
        const auto turn = std::min(steady_clock::now() + call.max_wait, call.deadline);
        return lane_->send(
            {*call.endpoint, call.parameters, {turn, call.deadline}, keeps_place ? &place : nullptr}
        );
    };
    auto outcome = co_await make_call(services_.api, services_.clock, call, retry_, send_once);
    latency_.add(std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begun));
    count(*call.endpoint, outcome);
    if (!outcome) outcome.error().account = info_.account.text();
    co_return outcome;
}

void Account::count(const protocol::Endpoint& endpoint, Result<std::string>& outcome) {
    ++calls_;
    if (outcome) {
        last_success_at_ = services_.clock.now();
        accepted(endpoint);
        return;
    }
    ++errors_;
    last_error_ = protocol::category(outcome.error().code);
    refused(endpoint, outcome.error());
}

void Account::accepted(const protocol::Endpoint& endpoint) {
    nonce_conflict_ = false;
    storage_failed_ = false;
    denied_.erase(endpoint.permission);
}

void Account::refused(const protocol::Endpoint& endpoint, Error& error) {
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
            break;  // the account is as it was
    }
}

void Account::validated(keeper::KeyInfo info) {
    info_ = std::move(info);
    nonce_conflict_ = false;
    denied_.clear();
    lane_->release();
}

awaitable<bool> Account::retire(steady_clock::time_point deadline) {
    const auto self = shared_from_this();
    if (retiring_) co_return false;
    retiring_ = true;
    none_under_way_.expires_at(deadline);
    if (under_way_ > 0)
        co_await none_under_way_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (under_way_ == 0) co_return true;
    retiring_ = false;
    co_return false;
}

AccountState Account::state() const {
    if (storage_failed_ || services_.store.failed()) return AccountState::storage_failed;
    if (lane_->held()) return AccountState::auth_failed;
    if (lane_->refusal()) return AccountState::lockout;
    if (nonce_conflict_) return AccountState::nonce_conflict;
    if (!denied_.empty()) return AccountState::permission_denied;
    return AccountState::ready;
}

std::string Account::remedy() const {
    switch (state()) {
        case AccountState::ready:
            return "";
        case AccountState::auth_failed:
            return refused_key_remedy();
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

std::string Account::refused_key_remedy() const {
    return "check that key and secret belong together, and at Kraken that the key is there and unexpired" +
           then_validate();
}

std::string Account::permission_remedy() const {
    std::string missing;
    for (const std::string_view permission : denied_) {
        if (permission.empty()) continue;
        missing += (missing.empty() ? "" : " and ") + protocol::permission_titles(permission);
    }
    if (missing.empty()) missing = "the missing permission";
    return "tick " + missing + " for this key at Kraken" + then_validate();
}

// A key of the environment is not the daemon's to validate; it is asked about at every start.
std::string Account::then_validate() const {
    if (info_.source == keeper::Source::environment) return ", then restart krakkend with its environment";
    return ", then run: krakkenctl account validate " + info_.account.text();
}

}  // namespace krakken::account
