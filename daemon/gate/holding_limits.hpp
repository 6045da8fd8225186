#pragma once

// The limits of a grant that need more than the call itself: what its holder has done so far, whose orders
// are whose, what is open, what it costs.

#include "account/account.hpp"
#include "gate/backend.hpp"
#include "gate/permit.hpp"

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace krakken::gate {

// What a call holds of its client's limits until it has ended.
class Held {
public:
    Held() = default;
    Held(Held&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), give_back_(std::move(other.give_back_)) {}
    Held& operator=(Held&& other) noexcept {
        std::swap(turns_, other.turns_);
        std::swap(give_back_, other.give_back_);
        return *this;
    }
    ~Held() {
        if (turns_) turns_->leave();
    }

    void took(account::Turns& turns) { turns_ = &turns; }
    void spent(std::function<void()> give_back) { give_back_ = std::move(give_back); }
    // What was certainly not executed costs nothing.
    void ended(const protocol::Result<std::string>& outcome);

private:
    account::Turns* turns_ = nullptr;
    std::function<void()> give_back_;
};

// Whether there is anything to be asked before such a call.
bool has_more_limits(const Permit& permit, const protocol::Endpoint& endpoint);

// rate_limit, rule "limit:max-calls-per-minute": there is no room for another call. Cancels count and are
// never held back.
std::optional<protocol::Error> too_many_calls(
    const Backend& backend,
    const Permit& permit,
    const protocol::Endpoint& endpoint,
    const base::Caller& caller
);
void count_call(Backend& backend, const Permit& permit, const base::Caller& caller);

// Returns when the call may be made; its notional is written into it. forbidden, with data.rule:
// "limit:own-orders", "limit:max-open-orders", "limit:max-order-notional", "limit:max-day-notional",
// "limit:understood". What must be asked at Kraken may fail as any read does; then nothing was sent.
boost::asio::awaitable<protocol::Result<Held>> hold_to_limits(
    Backend& backend, Permit permit, std::shared_ptr<account::Account> account, account::Call& call
);

}  // namespace krakken::gate
