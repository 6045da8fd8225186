#pragma once

// What one account may still ask of Kraken: the call counters of its keys and the trading engine's counters
// of its pairs, as Kraken counts them. A call waits until it fits; cancels never do, but count. Sans-io.

#include "account/order_touch.hpp"
#include "account/rest_counter.hpp"
#include "account/trading_counter.hpp"
#include "kraken/api.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace krakken::account {

class Budget : public std::enable_shared_from_this<Budget> {
public:
    // What a call will take; it must not outlive the endpoint's row.
    struct Demand {
        const protocol::Endpoint* endpoint;
        Touch touch;
    };
    static Demand demand_of(const protocol::Endpoint& endpoint, const kraken::Parameters& parameters) {
        return {&endpoint, touch_of(endpoint, parameters)};
    }

    // A call's points while it is under way. Gives them back if nothing becomes of it.
    class Hold {
    public:
        Hold() = default;
        Hold(Hold&& other) noexcept { *this = std::move(other); }
        Hold& operator=(Hold&& other) noexcept;
        ~Hold();

        // How the call ended; `now` by both clocks.
        void settle(const kraken::Attempt& attempt, Elapsed now, base::Time wall);

    private:
        friend class Budget;
        using Share = std::pair<std::string, Thousandths>;  // pair and its cost

        std::shared_ptr<Budget> budget_;  // null: settled
        RateCounter* rest_ = nullptr;
        Demand demand_{nullptr, {}};
        std::vector<Share> trading_;
    };

    // `rest` must outlive it. Off: everything fits, and nothing is counted.
    Budget(RestCounters& rest, base::Tier tier, Elapsed now)
        : rest_(rest), tier_(tier), trading_(tier), ages_(now) {}
    void configure(base::Tier tier, bool on, Elapsed now);

    // When a call with this key fits, should no other come before it: `now`, or later; ask again then.
    Elapsed ready_at(const base::KeyId& key, const Demand& demand, Elapsed now);
    // The call is made now.
    Hold reserve(const base::KeyId& key, Demand demand, Elapsed now);

    bool on() const { return on_; }
    RateCounter& rest_of(const base::KeyId& key, Elapsed now) { return rest_.of(key, tier_, now); }
    const TradingCounters& trading() const { return trading_; }

private:
    using Shares = std::vector<Hold::Share>;

    Shares shares_of(const Touch& touch, Elapsed now) const;
    Shares shares_of_change(const Touch& touch, OrderChange change, Elapsed now) const;
    Shares shares_of_cancel(const Touch& touch, Elapsed now) const;
    void settle(Hold& hold, const kraken::Attempt& attempt, Elapsed now, base::Time wall);
    void learn_limits(const Hold& hold, const kraken::Attempt& attempt, Elapsed now, base::Time wall);
    void learn_orders(const Touch& touch, const kraken::Attempt& attempt, Elapsed now);
    void remember_change(const Touch& touch, Elapsed now);
    void give_back(Hold& hold);

    RestCounters& rest_;
    base::Tier tier_;
    bool on_ = true;
    TradingCounters trading_;
    OrderAges ages_;
};

}  // namespace krakken::account
