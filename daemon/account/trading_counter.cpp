#include "account/trading_counter.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace krakken::account {

namespace {

using namespace std::chrono_literals;

struct Bracket {
    Elapsed below;
    int amend;
    int edit;
    int cancel;
};

// Beside the fixed cost: one point for an amend and an edit, nothing for a cancel.
constexpr auto brackets = std::to_array<Bracket>({
    {5s, 3, 6, 8},
    {10s, 2, 5, 6},
    {15s, 1, 4, 5},
    {45s, 0, 2, 4},
    {90s, 0, 1, 2},
    {300s, 0, 0, 1},
    {Elapsed::max(), 0, 0, 0},
});

}  // namespace

RateLimits trading_limits(base::Tier tier) {
    switch (tier) {
        case base::Tier::starter:
            return {60 * one_point, 1000};
        case base::Tier::intermediate:
            return {125 * one_point, 2340};
        case base::Tier::pro:
            return {180 * one_point, 3750};
    }
    std::unreachable();
}

Thousandths cost_of_change(OrderChange change, Elapsed age) {
    const auto bracket =
        std::ranges::find_if(brackets, [age](const Bracket& each) { return age < each.below; });
    switch (change) {
        case OrderChange::amend:
            return (1 + bracket->amend) * one_point;
        case OrderChange::edit:
            return (1 + bracket->edit) * one_point;
        case OrderChange::cancel:
            return bracket->cancel * one_point;
    }
    std::unreachable();
}

Thousandths cost_of_new_orders(std::size_t orders, bool in_batch) {
    const auto points = static_cast<Thousandths>(orders) * one_point;
    return in_batch ? points / 2 : points;
}

void TradingCounters::configure(base::Tier tier, Elapsed now) {
    limits_ = trading_limits(tier);
    for (auto& [pair, counter] : counters_)
        counter.configure(limits_, now);
}

RateCounter& TradingCounters::of(const std::string& pair, Elapsed now) {
    constexpr std::size_t many = 1000;  // more pairs than anybody trades at once
    if (counters_.size() >= many && !counters_.contains(pair)) forget_empty(now);
    return counters_.try_emplace(pair, limits_).first->second;
}

const RateCounter* TradingCounters::find(const std::string& pair) const {
    const auto found = counters_.find(pair);
    return found == counters_.end() ? nullptr : &found->second;
}

void TradingCounters::exceeded(Elapsed now) {
    for (auto& [pair, counter] : counters_)
        counter.exceeded(now);
}

void TradingCounters::forget_empty(Elapsed now) {
    std::erase_if(counters_, [now](const auto& each) { return each.second.used(now) == 0; });
}

}  // namespace krakken::account
