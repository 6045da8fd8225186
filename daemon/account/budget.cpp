#include "account/budget.hpp"

#include "kraken/refusal.hpp"

#include <algorithm>

namespace krakken::account {

using kraken::Attempt;
using What = Touch::What;

namespace {

// Then nothing was there that a cancel could cost.
bool found_no_order(const std::vector<std::string>& errors) {
    return std::ranges::any_of(errors, [](const std::string& error) {
        return error.starts_with("EOrder:Unknown order") || error.starts_with("EOrder:Invalid order");
    });
}

}  // namespace

Budget::Hold& Budget::Hold::operator=(Hold&& other) noexcept {
    if (budget_) budget_->give_back(*this);
    budget_ = std::move(other.budget_);
    touch_ = std::move(other.touch_);
    shares_ = std::move(other.shares_);
    return *this;
}

Budget::Hold::~Hold() {
    if (budget_) budget_->give_back(*this);
}

void Budget::Hold::settle(const Attempt& attempt, Elapsed now) {
    if (!budget_ || attempt.end == Attempt::End::not_sent) return;
    std::exchange(budget_, nullptr)->settle(*this, attempt, now);
}

void Budget::configure(base::Tier tier, bool on, Elapsed now) {
    on_ = on;
    trading_.configure(tier, now);
}

Elapsed Budget::ready_at(const Touch& touch, Elapsed now) const {
    if (!on_ || touch.what == What::cancel || touch.what == What::cancel_all) return now;
    Elapsed ready = now;
    for (const auto& [pair, cost] : shares_of(touch, now)) {
        if (const RateCounter* counter = trading_.find(pair))
            ready = std::max(ready, counter->ready_at(cost, now));
    }
    return ready;
}

Budget::Hold Budget::reserve(Touch touch, Elapsed now) {
    Hold hold;
    if (touch.what == What::nothing) return hold;
    hold.shares_ = shares_of(touch, now);
    for (const auto& [pair, cost] : hold.shares_)
        trading_.of(pair, now).reserve(cost);
    hold.budget_ = shared_from_this();
    hold.touch_ = std::move(touch);
    return hold;
}

Budget::Shares Budget::shares_of(const Touch& touch, Elapsed now) const {
    switch (touch.what) {
        case What::nothing:
            return {};
        case What::add:
        case What::add_batch:
            return {{touch.pair, cost_of_new_orders(touch.added.size(), touch.what == What::add_batch)}};
        case What::amend:
            return shares_of_change(touch, OrderChange::amend, now);
        case What::edit:
            return shares_of_change(touch, OrderChange::edit, now);
        case What::cancel:
            return shares_of_cancel(touch, now);
        case What::cancel_all: {
            Shares shares;
            for (const auto& [pair, counter] : trading_.all())
                shares.emplace_back(pair, one_point);
            return shares;
        }
    }
    std::unreachable();
}

// One order. Where the name fits several, the youngest costs most.
Budget::Shares Budget::shares_of_change(const Touch& touch, OrderChange change, Elapsed now) const {
    std::string pair = touch.pair;
    Elapsed changed = ages_.unknown_before();
    if (!touch.orders.empty()) {
        if (const auto known = ages_.find(touch.orders.front()); !known.empty()) {
            pair = known.back().pair;
            changed = known.back().changed;
        }
    }
    if (pair.empty()) return {};  // an order that somebody else placed: Kraken will say so if it was too much
    return {{std::move(pair), cost_of_change(change, now - changed)}};
}

// Of an order that is not known, nobody knows the pair either.
Budget::Shares Budget::shares_of_cancel(const Touch& touch, Elapsed now) const {
    Shares shares;
    for (const OrderName& name : touch.orders) {
        for (const OrderAges::Order& order : ages_.find(name)) {
            const Thousandths cost = cost_of_change(OrderChange::cancel, now - order.changed);
            const auto place = std::ranges::find(shares, order.pair, &Hold::Share::first);
            if (place == shares.end()) {
                shares.emplace_back(order.pair, cost);
            } else {
                place->second += cost;
            }
        }
    }
    return shares;
}

void Budget::give_back(const Hold& hold) {
    // `now` is for pairs that are not there, and these are: something is reserved.
    for (const auto& [pair, cost] : hold.shares_)
        trading_.of(pair, {}).not_sent(cost);
}

void Budget::settle(const Hold& hold, const Attempt& attempt, Elapsed now) {
    const bool free = hold.touch_.what == What::cancel && found_no_order(attempt.answer.errors);
    for (const auto& [pair, cost] : hold.shares_) {
        RateCounter& counter = trading_.of(pair, now);
        if (free) {
            counter.not_sent(cost);
        } else {
            counter.sent(cost, now);
        }
    }
    learn_limits(hold, attempt, now);
    learn_orders(hold.touch_, attempt, now);
}

void Budget::learn_limits(const Hold& hold, const Attempt& attempt, Elapsed now) {
    const auto exceeded = kraken::exceeded_limits(attempt.answer.errors, {});
    if (exceeded.account) trading_.exceeded(now);
    if (!exceeded.pair) return;
    for (const auto& [pair, cost] : hold.shares_)
        trading_.of(pair, now).exceeded(now);
}

void Budget::learn_orders(const Touch& touch, const Attempt& attempt, Elapsed now) {
    if (!attempt.answer.errors.empty()) return;
    if (touch.what == What::amend) return remember_change(touch, now);
    if (touch.added.empty()) return;
    if (attempt.end == Attempt::End::lost) return ages_.lose_track(now);
    const auto ids = new_ids(touch, attempt.answer.result);
    for (std::size_t row = 0; row < ids.size(); ++row) {
        if (ids[row].empty()) continue;
        ages_.remember({ids[row], touch.added[row].cl_ord_id, touch.added[row].userref, touch.pair, now});
    }
}

void Budget::remember_change(const Touch& touch, Elapsed now) {
    if (touch.orders.empty()) return;
    const OrderName& name = touch.orders.front();
    auto known = ages_.find(name);
    for (OrderAges::Order& order : known) {
        order.changed = now;
        ages_.remember(std::move(order));
    }
    if (known.empty() && name.kind == OrderName::Kind::txid && !touch.pair.empty())
        ages_.remember({name.text, "", "", touch.pair, now});
}

}  // namespace krakken::account
