// Fills: what an order would meet, and what a meeting does to orders, trades and money.

#include <algorithm>

#include "tests/exchange/venue/engine.hpp"
#include "tests/exchange/venue/order_rules.hpp"
#include "tests/exchange/venue/refusal.hpp"

namespace exchange {
namespace {

constexpr int most_levels = 50;
constexpr std::int64_t first_trade_number = 40'000'000;

bool better(Side taker, Amount a, Amount b) {
    return taker == Side::buy ? a < b : a > b;
}

bool within_limit(const Order& order, Amount price) {
    return order.limit_price.is_zero() || !better(order.wish.side, order.limit_price, price);
}

}  // namespace

// Other clients' and own resting orders stand before the market outside at the same price.
Order* Engine::best_resting(const Order& taker, const std::vector<Order*>& passed) {
    Order* best = nullptr;
    for (Order* order : living_) {
        const bool meets = order->pair == taker.pair && order->wish.side != taker.wish.side &&
                           order->active() && order->limit_price.is_positive() && order->id != taker.id;
        if (!meets || std::ranges::find(passed, order) != passed.end()) continue;
        if (!best || better(taker.wish.side, order->limit_price, best->limit_price)) best = order;
    }
    return best;
}

Amount Engine::slice(Amount wanted) const {
    return settings_.fill_slice.empty() ? wanted : std::min(wanted, Amount::of(settings_.fill_slice));
}

bool Engine::plan_self_trade(const Order& order, Order& resting, Plan& plan) const {
    if (order.wish.self_trade != SelfTrade::cancel_newest)
        plan.steps.push_back({resting.limit_price, {}, &resting, true});
    if (order.wish.self_trade == SelfTrade::cancel_oldest) return true;
    plan.stop = true;
    plan.stop_reason = "Self trade prevention";
    return false;
}

Engine::Plan Engine::plan(const Order& order, Time now) {
    Plan plan;
    const auto& wish = order.wish;
    const Pair& pair = *order.pair;
    std::vector<Order*> passed;
    int depth = 0;
    Amount left = order.remaining();
    if (wish.reduce_only) left = std::min(left, positions_.closable(order.account, pair, wish.side));
    if (left < order.remaining()) {
        plan.stop = true;
        plan.stop_reason = "Reduce only";
    }
    Amount money = wish.volume_in_quote ? wish.volume : Amount();
    while (depth < most_levels) {
        const Level level = market_.level(pair, wish.side, depth, now);
        Order* maker = best_resting(order, passed);
        if (maker && better(wish.side, level.price, maker->limit_price)) maker = nullptr;
        const Amount price = maker ? maker->limit_price : level.price;
        if (wish.volume_in_quote) left = money.over(price).cut(pair.volume_decimals);
        if (!left.is_positive() || !within_limit(order, price)) break;
        if (maker) passed.push_back(maker);
        if (maker && maker->account == order.account) {
            if (plan_self_trade(order, *maker, plan)) continue;
            break;
        }
        const Amount volume = maker ? std::min(left, maker->remaining()) : slice(left);
        if (!volume.is_positive()) break;
        plan.steps.push_back({price, volume, maker, false});
        plan.volume += volume;
        plan.cost += price.times(volume).raised(pair.quote->decimals);
        money -= price.times(volume);
        left -= volume;
        if (!maker) ++depth;
    }
    return plan;
}

bool Engine::crosses(const Order& order, Time now) {
    const auto meeting = plan(order, now);
    return !meeting.steps.empty() || meeting.stop;
}

bool Engine::affordable(const Order& order, const Plan& plan) const {
    return needed(order, plan.cost, plan.volume) <= books_.free(order.account, paying_asset(order));
}

void Engine::run(Order& order, Time now) {
    const Plan fills = plan(order, now);
    if (order.wish.lasting == Lasting::fok && fills.volume < order.remaining())
        return cancel(order, "Fill or kill", now);
    std::vector<std::pair<const Order*, Amount>> filled_makers;
    for (const Step& step : fills.steps) {
        if (step.cancel_maker) {
            cancel(*step.maker, "Self trade prevention", now);
            continue;
        }
        fill(order, step.price, step.volume, false, now);
        if (!step.maker) continue;
        fill(*step.maker, step.price, step.volume, true, now);
        if (step.maker->remaining().is_zero()) finish(*step.maker, OrderStatus::closed, "", now);
        filled_makers.emplace_back(step.maker, step.volume);
    }
    if (order.remaining().is_zero())
        finish(order, OrderStatus::closed, "", now);
    else if (fills.stop)
        cancel(order, fills.stop_reason, now);
    else if (order.wish.lasting == Lasting::ioc)
        cancel(order, "Immediate or cancel", now);
    else if (!has_limit(order.wish.kind))
        cancel(order, "Market depth exhausted", now);
    // Only now, for a close may itself match orders that the plan above still counted on.
    for (const auto& [maker, volume] : filled_makers)
        spawn_close(*maker, volume, now);
    spawn_close(order, fills.volume, now);
}

void Engine::fill(Order& order, Amount price, Amount volume, bool maker, Time now) {
    const Pair& pair = *order.pair;
    const bool held = !order.held_asset.empty();
    release(order);
    const Amount rate = maker ? order.fees.maker : order.fees.taker;
    const Amount cost = price.times(volume).cut(pair.quote->decimals);
    const Amount quote_fee = cost.percent(rate).cut(pair.quote->decimals);
    const Amount base_fee = volume.percent(rate).cut(pair.base->decimals);
    Trade trade{};
    trade.id = ids_.trade();
    trade.order = order.id;
    trade.account = order.account;
    trade.pair = &pair;
    trade.side = order.wish.side;
    trade.kind = order.wish.kind;
    trade.time = now;
    trade.price = price;
    trade.cost = cost;
    trade.fee = quote_fee;
    trade.volume = volume;
    trade.dollars = market_.usd_value(pair.quote->id, cost, now);
    trade.leverage = order.wish.leverage;
    trade.number = first_trade_number + std::int64_t(trades_.size());
    trade.maker = maker;
    if (order.wish.leverage > 1)
        settle_margin(order, trade, quote_fee, held);
    else
        settle_spot(
            order, trade, order.fee_in_base ? base_fee : Amount(), order.fee_in_base ? Amount() : quote_fee
        );
    order.filled += volume;
    order.cost += cost;
    order.fee += quote_fee;
    order.trades.push_back(trade.id);
    trades_.push_back(std::move(trade));
    trade_by_id_[trades_.back().id] = &trades_.back();
    if (held && order.remaining().is_positive()) reserve(order);
}

void Engine::settle_spot(Order& order, Trade& trade, Amount base_fee, Amount quote_fee) {
    const Pair& pair = *order.pair;
    const bool buys = order.wish.side == Side::buy;
    trade.ledgers.push_back(books_.post(
        {order.account, pair.base->id, buys ? trade.volume : -trade.volume, base_fee, "trade", "", trade.id},
        trade.time
    ));
    trade.ledgers.push_back(books_.post(
        {order.account, pair.quote->id, buys ? -trade.cost : trade.cost, quote_fee, "trade", "", trade.id},
        trade.time
    ));
}

// No money moves but the fee and what closing a position gained or lost. A loss beyond the free quote balance
// stays with the venue, because nothing here liquidates in time.
void Engine::settle_margin(Order& order, Trade& trade, Amount quote_fee, bool held) {
    const Pair& pair = *order.pair;
    Amount gain;
    const Amount closed =
        positions_.close(order.account, pair, order.wish.side, trade.volume, trade.price, gain);
    const Amount fee = std::min(quote_fee, books_.free(order.account, pair.quote->id));
    const Amount rest = order.remaining() - trade.volume;
    const Amount kept = held ? needed(order, expected_price(order).times(rest), rest) : Amount();
    const Amount worst = fee + kept - books_.free(order.account, pair.quote->id);
    gain = std::max(gain.cut(pair.quote->decimals), worst);
    trade.misc = closed.is_positive() ? "closing" : "";
    trade.fee = fee;
    trade.ledgers.push_back(
        books_.post({order.account, pair.quote->id, gain, fee, "margin", "", trade.id}, trade.time)
    );
    const Amount opened = trade.volume - closed;
    if (!opened.is_positive()) return;
    const Amount cost = trade.price.times(opened);
    trade.margin = cost.over(Amount::of_units(order.wish.leverage)).cut(pair.cost_decimals);
    trade.position = trade.id;
    positions_.open({
        trade.id,
        order.id,
        order.account,
        &pair,
        order.wish.side,
        order.wish.kind,
        trade.time,
        cost,
        fee,
        opened,
        Amount(),
        trade.margin,
        order.wish.leverage,
        flags_text(order),
    });
}

// A conditional close is a new order of its own. When it cannot be placed (funds, minimum, market closed)
// there is none.
void Engine::spawn_close(const Order& order, Amount volume, Time now) {
    if (!order.wish.close || !volume.is_positive()) return;
    OrderWish wish;
    wish.kind = order.wish.close->kind;
    wish.side = opposite(order.wish.side);
    wish.volume = volume;
    wish.price = order.wish.close->price;
    wish.price2 = order.wish.close->price2;
    wish.trigger = order.wish.trigger;
    wish.leverage = order.wish.leverage;
    wish.userref = order.wish.userref;
    if (wish.kind == OrderKind::iceberg) wish.display_volume = volume;
    try {
        Order draft = draft_order(settings_, market_, *order.pair, wish, order.account, order.tier, now);
        draft.refid = order.id;
        place(std::move(draft), now);
    } catch (const Refusal&) {
        return;
    }
}

}  // namespace exchange
