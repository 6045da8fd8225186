#pragma once

// The trading engine's counters of one Kraken account, one for each pair, shared by all its keys. What a
// change of an order costs depends on how old the order is.

#include "account/rate_counter.hpp"
#include "base/types.hpp"

#include <cstddef>
#include <map>
#include <string>

namespace krakken::account {

RateLimits trading_limits(base::Tier tier);

enum class OrderChange { amend, edit, cancel };

// An order's age counts from when it was placed or last amended. The lower edge of a bracket belongs to it: 5
// s is no longer "below 5 s".
Thousandths cost_of_change(OrderChange change, Elapsed age);
Thousandths cost_of_new_orders(std::size_t orders, bool in_batch);

class TradingCounters {
public:
    explicit TradingCounters(base::Tier tier) : limits_(trading_limits(tier)) {}
    void configure(base::Tier tier, Elapsed now);

    // `pair` as canonical_pair() writes it. The next call may forget a counter that has fallen to nothing.
    RateCounter& of(const std::string& pair, Elapsed now);
    // Null: nothing has counted on it.
    const RateCounter* find(const std::string& pair) const;
    const std::map<std::string, RateCounter>& all() const { return counters_; }

    // Kraken says so of the whole account.
    void exceeded(Elapsed now);

private:
    void forget_empty(Elapsed now);

    RateLimits limits_;
    std::map<std::string, RateCounter> counters_;
};

}  // namespace krakken::account
