#pragma once

// What one account may still change of its orders: the trading engine's counters of its pairs, as Kraken
// counts them. A call waits until it fits; cancels never do, but count. Sans-io.

#include "account/order_touch.hpp"
#include "account/trading_counter.hpp"
#include "kraken/api.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace krakken::account {

class Budget : public std::enable_shared_from_this<Budget> {
public:
    // A call's points while it is under way. Gives them back if nothing becomes of it.
    class Hold {
    public:
        Hold() = default;
        Hold(Hold&& other) noexcept { *this = std::move(other); }
        Hold& operator=(Hold&& other) noexcept;
        ~Hold();

        // How the call ended.
        void settle(const kraken::Attempt& attempt, Elapsed now);

    private:
        friend class Budget;
        using Share = std::pair<std::string, Thousandths>;  // pair and its cost

        std::shared_ptr<Budget> budget_;  // null: settled
        Touch touch_;
        std::vector<Share> shares_;
    };

    Budget(base::Tier tier, Elapsed now) : trading_(tier), ages_(now) {}
    // Off: everything fits.
    void configure(base::Tier tier, bool on, Elapsed now);

    // When such a call fits, should no other come before it: `now`, or later; ask again then.
    Elapsed ready_at(const Touch& touch, Elapsed now) const;
    // The call is made now.
    Hold reserve(Touch touch, Elapsed now);

    bool on() const { return on_; }
    const TradingCounters& trading() const { return trading_; }

private:
    using Shares = std::vector<Hold::Share>;

    Shares shares_of(const Touch& touch, Elapsed now) const;
    Shares shares_of_change(const Touch& touch, OrderChange change, Elapsed now) const;
    Shares shares_of_cancel(const Touch& touch, Elapsed now) const;
    void give_back(const Hold& hold);
    void settle(const Hold& hold, const kraken::Attempt& attempt, Elapsed now);
    void learn_limits(const Hold& hold, const kraken::Attempt& attempt, Elapsed now);
    void learn_orders(const Touch& touch, const kraken::Attempt& attempt, Elapsed now);
    void remember_change(const Touch& touch, Elapsed now);

    bool on_ = true;
    TradingCounters trading_;
    OrderAges ages_;
};

// What a waiting call will take, and what it is given with its turn.
struct Ration {
    Touch touch;
    Budget::Hold hold = {};
};

}  // namespace krakken::account
