// Acceptance, holds and ends of orders.

#include "tests/exchange/venue/engine.hpp"

#include <algorithm>

#include "tests/exchange/venue/order_rules.hpp"
#include "tests/exchange/venue/refusal.hpp"

namespace exchange {

Order* Engine::find(const std::string& account, const std::string& order_id) {
    const auto found = by_id_.find(order_id);
    return found == by_id_.end() || found->second->account != account ? nullptr : found->second;
}

std::vector<Order*> Engine::living(const std::string& account) {
    std::vector<Order*> found;
    std::ranges::copy_if(living_, std::back_inserter(found), [&](const Order* order) {
        return order->account == account;
    });
    std::ranges::sort(found, {}, &Order::sequence);
    return found;
}

std::vector<const Order*> Engine::all(const std::string& account) const {
    std::vector<const Order*> found;
    for (const auto& order : orders_)
        if (order.account == account) found.push_back(&order);
    return found;
}

std::vector<const Trade*> Engine::trades(const std::string& account) const {
    std::vector<const Trade*> found;
    for (const auto& trade : trades_)
        if (trade.account == account) found.push_back(&trade);
    return found;
}

const Trade* Engine::trade(const std::string& account, const std::string& trade_id) const {
    const auto found = trade_by_id_.find(trade_id);
    return found == trade_by_id_.end() || found->second->account != account ? nullptr : found->second;
}

std::size_t Engine::orders_executed(const std::string& account) const {
    return std::size_t(std::ranges::count(orders_, account, &Order::account));
}

std::vector<const Order*> Engine::book(const Pair& pair, Side side) const {
    const auto better = [&](const Order* a, const Order* b) {
        return side == Side::buy ? a->limit_price > b->limit_price : a->limit_price < b->limit_price;
    };
    std::vector<const Order*> found;
    for (const Order* order : living_)
        if (order->pair == &pair && order->wish.side == side && order->active())
            found.insert(std::ranges::upper_bound(found, order, better), order);
    return found;
}

Amount Engine::traded_volume(const std::string& account, Time now) const {
    Amount sum;
    for (auto trade = trades_.rbegin(); trade != trades_.rend() && now - trade->time < std::chrono::days(30);
         ++trade)
        if (trade->account == account) sum += trade->dollars;
    return sum;
}

Amount Engine::free_margin(const std::string& account, Time now) const {
    Amount sum;
    for (const auto& [asset, balance] : books_.balances(account))
        sum += market_.usd_value(asset, balance, now);
    for (const Position* position : positions_.open_of(account)) {
        const Amount worth = market_.last(*position->pair, now).times(position->open_volume());
        const Amount gain =
            position->side == Side::buy ? worth - position->open_cost() : position->open_cost() - worth;
        sum += market_.usd_value(position->pair->quote->id, gain - position->open_margin(), now);
    }
    return sum;
}

Amount Engine::expected_price(const Order& order) const {
    if (order.limit_price.is_positive()) return order.limit_price;
    return order.trigger_price.is_positive() ? order.trigger_price : market_.ask(*order.pair, clock_);
}

const std::string& Engine::paying_asset(const Order& order) const {
    const bool base = order.wish.side == Side::sell && order.wish.leverage < 2;
    return base ? order.pair->base->id : order.pair->quote->id;
}

// Raised to the asset's decimals where a fill cuts, so the hold covers every sequence of part fills.
Amount Engine::needed(const Order& order, Amount cost, Amount volume) const {
    const Pair& pair = *order.pair;
    const Amount rate = order.fees.taker;
    const Amount quote = cost.raised(pair.quote->decimals);
    const Amount quote_fee = quote.percent(rate).raised(pair.quote->decimals);
    if (order.wish.leverage > 1) return quote_fee;
    if (order.wish.side == Side::buy) return order.fee_in_base ? quote : quote + quote_fee;
    return order.fee_in_base ? volume + volume.percent(rate).raised(pair.base->decimals) : volume;
}

// "Prefer fee in base" is the default of a sale; who sells all he has pays it out of the proceeds instead.
void Engine::choose_fee_side(Order& order, Amount cost) {
    const bool margin = order.wish.leverage > 1;
    order.fee_in_base = !margin && order.wish.fee_in_base.value_or(order.wish.side == Side::sell);
    if (!order.fee_in_base || order.wish.side == Side::buy) return;
    const Amount free = books_.free(order.account, order.pair->base->id);
    if (needed(order, cost, order.volume) > free) order.fee_in_base = false;
}

void Engine::reserve(Order& order) {
    const Amount cost = expected_price(order).times(order.remaining());
    const Amount amount = needed(order, cost, order.remaining());
    if (amount > books_.free(order.account, paying_asset(order))) refuse("EOrder:Insufficient funds");
    order.held_asset = paying_asset(order);
    order.held = amount;
    books_.hold(order.account, order.held_asset, order.held);
}

void Engine::release(Order& order) {
    if (order.held_asset.empty()) return;
    books_.release(order.account, order.held_asset, order.held);
    order.held_asset.clear();
    order.held = {};
}

void Engine::check_margin(const Order& draft, Time now) const {
    const auto& wish = draft.wish;
    const Amount closable = positions_.closable(draft.account, *draft.pair, wish.side);
    if (wish.reduce_only && closable.is_zero()) refuse("EOrder:Reduce only:No position exists");
    const Amount opening = draft.volume - std::min(draft.volume, closable);
    if (opening.is_zero() || wish.reduce_only) return;
    // The largest long or short position of a pair, as AssetPairs shows it.
    if (opening > draft.pair->order_minimum.times(Amount::of_units(2'500'000)))
        refuse("EOrder:Margin position size exceeded");
    const Amount margin = expected_price(draft).times(opening).over(Amount::of_units(wish.leverage));
    if (market_.usd_value(draft.pair->quote->id, margin, now) > free_margin(draft.account, now))
        refuse("EOrder:Margin level too low");
}

void Engine::check_place(const Order& draft) const {
    int in_pair = 0;
    for (const Order* order : living_) {
        if (order->account != draft.account) continue;
        if (order->pair == draft.pair) ++in_pair;
        if (!draft.wish.cl_ord_id.empty() && order->wish.cl_ord_id == draft.wish.cl_ord_id)
            refuse(settings_.duplicate_cl_ord_id_text);
    }
    if (in_pair >= trading_limits(draft.tier).open_orders) refuse("EOrder:Orders limit exceeded");
}

Order& Engine::store(Order draft) {
    draft.id = ids_.order();
    draft.sequence = orders_.size();
    draft.amends.push_back({
        ids_.amend(),
        "original",
        draft.volume,
        draft.wish.display_volume,
        draft.volume,
        draft.limit_price,
        draft.trigger_price,
        draft.wish.post_only,
        draft.opened,
    });
    Order& order = orders_.emplace_back(std::move(draft));
    by_id_[order.id] = &order;
    living_.push_back(&order);
    return order;
}

const Order& Engine::settle_position(Order draft, Time now) {
    const Pair& pair = *draft.pair;
    const Amount closable = positions_.closable(draft.account, pair, draft.wish.side);
    if (draft.volume.is_zero()) draft.volume = closable;
    if (closable.is_zero() || draft.volume > closable) refuse("EOrder:Unknown position");
    // Selling settles a long position: its cost is paid and the base delivered; the other way round for a
    // short one.
    const bool settles_long = draft.wish.side == Side::sell;
    Positions rehearsal = positions_;
    Amount worth;
    rehearsal.close(draft.account, pair, draft.wish.side, draft.volume, Amount(), worth);
    const Amount cost = (settles_long ? -worth : worth).cut(pair.quote->decimals);
    const Amount base = draft.volume.cut(pair.base->decimals);
    const std::string& paid = settles_long ? pair.quote->id : pair.base->id;
    if ((settles_long ? cost : base) > books_.free(draft.account, paid)) refuse("EOrder:Insufficient funds");
    positions_ = std::move(rehearsal);
    Order& order = store(std::move(draft));
    books_.post(
        {order.account, pair.base->id, settles_long ? base : -base, {}, "settled", "", order.id}, now
    );
    books_.post(
        {order.account, pair.quote->id, settles_long ? -cost : cost, {}, "settled", "", order.id}, now
    );
    order.filled = order.volume;
    order.cost = cost;
    finish(order, OrderStatus::closed, "", now);
    return order;
}

void Engine::charge_post_only_reject(const Order& order, Time now) {
    if (!settings_.post_only_reject_costs_cancel) return;
    counter_.charge(order.account, order.pair->id, order.tier, age_cost(Penalty::cancel, {}), now);
}

const Order& Engine::place(Order draft, Time now) {
    check_place(draft);
    if (draft.wish.kind == OrderKind::settle_position) return settle_position(std::move(draft), now);
    if (draft.wish.leverage > 1 && draft.wish.volume.is_zero()) {
        draft.volume = positions_.closable(draft.account, *draft.pair, draft.wish.side);
        if (draft.volume.is_zero()) refuse("EOrder:Unknown position");
    }
    if (draft.wish.leverage > 1) check_margin(draft, now);
    draft.fees = fee_tier(*draft.pair, traded_volume(draft.account, now));
    choose_fee_side(draft, expected_price(draft).times(draft.volume));
    const bool waits = draft.wish.start && *draft.wish.start > now;
    const bool at_once = !waits && !has_trigger(draft.wish.kind);
    const bool crossing_post = at_once && draft.wish.post_only && crosses(draft, now);
    if (crossing_post) charge_post_only_reject(draft, now);
    if (crossing_post && settings_.post_only_crossing == Settings::PostOnlyCrossing::refuse)
        refuse("EOrder:Post only order");
    if (waits) draft.status = OrderStatus::pending;
    // A market order is filled within this call and holds nothing; it only has to be affordable now.
    if (at_once && !has_limit(draft.wish.kind)) {
        const Plan fills = plan(draft, now);
        if (draft.wish.volume_in_quote) draft.volume = fills.volume;
        if (!affordable(draft, fills)) refuse("EOrder:Insufficient funds");
    } else {
        reserve(draft);
    }
    Order& order = store(std::move(draft));
    if (crossing_post)
        cancel(order, "Post only order", now);
    else if (at_once)
        run(order, now);
    return order;
}

void Engine::finish(Order& order, OrderStatus status, std::string reason, Time now) {
    release(order);
    order.status = status;
    order.reason = std::move(reason);
    order.ended = now;
    std::erase(living_, &order);
}

void Engine::cancel(Order& order, std::string reason, Time now) {
    finish(order, OrderStatus::canceled, std::move(reason), now);
}

const Order& Engine::replace(Order& old, Order draft, Time now) {
    const auto place_in_line = std::ranges::find(living_, &old) - living_.begin();
    const std::string held_asset = old.held_asset;
    const Amount held = old.held;
    release(old);
    living_.erase(living_.begin() + place_in_line);
    try {
        const Order& placed = place(std::move(draft), now);
        cancel(old, "Order replaced", now);
        return placed;
    } catch (const Refusal&) {
        living_.insert(living_.begin() + place_in_line, &old);
        old.held_asset = held_asset;
        old.held = held;
        if (!held_asset.empty()) books_.hold(old.account, held_asset, held);
        throw;
    }
}

void Engine::cancel_all_after(const std::string& account, std::optional<Time> when) {
    if (when)
        dead_men_[account] = *when;
    else
        dead_men_.erase(account);
}

std::vector<std::string> Engine::audit() const {
    std::vector<std::string> faults;
    std::map<std::pair<std::string, std::string>, Amount> held;
    for (const auto& order : orders_) {
        if (order.alive() && order.held.is_negative())
            faults.push_back(order.id + ": holds less than nothing");
        if (!order.alive() && !order.held.is_zero())
            faults.push_back(order.id + ": is over and still holds money");
        if (order.filled > order.volume) faults.push_back(order.id + ": filled beyond its volume");
        if (!order.held_asset.empty()) held[{order.account, order.held_asset}] += order.held;
    }
    for (const auto& order : orders_)
        for (const auto& asset : {order.pair->base->id, order.pair->quote->id})
            if (held[{order.account, asset}] != books_.held(order.account, asset))
                faults.push_back(
                    order.account + "/" + asset + ": hold differs from the sum over open orders"
                );
    return faults;
}

}  // namespace exchange
