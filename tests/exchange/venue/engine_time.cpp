// What time brings to orders: dead man's switches, starts, expiries, triggers and fills by a moving price.

#include <algorithm>

#include "tests/exchange/venue/engine.hpp"
#include "tests/exchange/venue/order_rules.hpp"
#include "tests/exchange/venue/refusal.hpp"

namespace exchange {
namespace {

// A clock moved by a year must not cost a year of steps: beyond this many the steps get longer.
constexpr int most_steps = 2000;

Time::duration price_step(const Settings& settings) {
    return std::max<Time::duration>(settings.price_step, std::chrono::milliseconds(1));
}

}  // namespace

void Engine::advance(Time now) {
    if (now <= clock_) {
        clock_ = now;
        return;
    }
    // Offline: nothing happens, and what was due meanwhile happens on return, without the prices in between.
    if (settings_.system_status == "maintenance") {
        clock_ = now;
        return;
    }
    const Time::duration step = price_step(settings_);
    const auto stride = std::max(step, (now - clock_) / most_steps / step * step + step);
    const bool short_way = now - clock_ <= step * most_steps;
    while (true) {
        const Time next = next_event(clock_, now, step, short_way ? step : stride);
        if (next > now) break;
        const bool new_price = next.time_since_epoch() / step != clock_.time_since_epoch() / step;
        clock_ = next;
        happen(next, new_price);
    }
    clock_ = now;
}

Time Engine::next_event(Time after, Time until, Time::duration step, Time::duration stride) const {
    Time next = until + Time::duration(1);
    const auto consider = [&](Time when) {
        if (when < next) next = std::max(when, after + Time::duration(1));
    };
    for (const auto& [account, when] : dead_men_)
        consider(when);
    for (const Order* order : living_) {
        if (order->wish.expire) consider(*order->wish.expire);
        if (order->status == OrderStatus::pending) consider(*order->wish.start);
    }
    if (!living_.empty()) {
        const auto boundary = Time((after.time_since_epoch() / step + 1) * step);
        consider(boundary + (stride - step));
    }
    return next;
}

void Engine::happen(Time now, bool new_price) {
    for (auto man = dead_men_.begin(); man != dead_men_.end();) {
        if (man->second > now) {
            ++man;
            continue;
        }
        for (Order* order : living(man->first))
            cancel(*order, "Cancel all orders after", now);
        man = dead_men_.erase(man);
    }
    const auto waiting = living_;
    for (Order* order : waiting)
        if (order->alive() && order->wish.expire && *order->wish.expire <= now)
            finish(*order, OrderStatus::expired, "Order expired", now);
    for (Order* order : waiting)
        if (order->status == OrderStatus::pending && *order->wish.start <= now) start_pending(*order, now);
    if (!new_price) return;
    for (Order* order : waiting)
        if (order->alive()) sweep(*order, now);
}

bool Engine::trades_now(const Pair& pair) const {
    const auto own = settings_.pair_status.find(pair.id);
    for (const auto& status :
         {settings_.system_status, own == settings_.pair_status.end() ? "online" : own->second})
        if (status == "maintenance" || status == "cancel_only" || status == "post_only") return false;
    return true;
}

void Engine::start_pending(Order& order, Time now) {
    order.status = OrderStatus::open;
    if (!trades_now(*order.pair)) return cancel(order, "Market closed", now);
    if (has_trigger(order.wish.kind)) return;
    if (order.wish.post_only && crosses(order, now)) return cancel(order, "Post only order", now);
    trigger(order, now);
}

void Engine::sweep(Order& order, Time now) {
    if (order.status != OrderStatus::open || !trades_now(*order.pair)) return;
    if (!order.active()) {
        if (trigger_reached(order, now)) trigger(order, now);
        return;
    }
    const bool passed = order.wish.side == Side::buy ? market_.ask(*order.pair, now) <= order.limit_price
                                                     : market_.bid(*order.pair, now) >= order.limit_price;
    if (!passed) return;
    Amount volume = slice(order.remaining());
    if (order.wish.display_volume) volume = std::min(volume, *order.wish.display_volume);
    if (order.wish.reduce_only)
        volume = std::min(volume, positions_.closable(order.account, *order.pair, order.wish.side));
    if (order.wish.reduce_only && volume.is_zero()) return cancel(order, "Reduce only", now);
    if (!volume.is_positive()) return;
    fill(order, order.limit_price, volume, true, now);
    if (order.alive() && order.remaining().is_zero()) finish(order, OrderStatus::closed, "", now);
    spawn_close(order, volume, now);
}

bool Engine::trigger_reached(Order& order, Time now) {
    const Amount last = market_.last(*order.pair, now);
    const bool buys = order.wish.side == Side::buy;
    if (is_trailing(order.wish.kind)) {
        order.extreme = buys ? std::min(order.extreme, last) : std::max(order.extreme, last);
        const Amount trail = trail_of(*order.wish.price, order.extreme);
        const Amount trigger =
            (buys ? order.extreme + trail : order.extreme - trail).down_to(order.pair->tick);
        // The hold was sized by an earlier trigger; a buy trigger only ever moves down.
        order.trigger_price = trigger;
        return buys ? last >= trigger : last <= trigger;
    }
    const bool stop =
        order.wish.kind == OrderKind::stop_loss || order.wish.kind == OrderKind::stop_loss_limit;
    return buys == stop ? last >= order.trigger_price : last <= order.trigger_price;
}

void Engine::trigger(Order& order, Time now) {
    order.triggered = true;
    order.touched = has_trigger(order.wish.kind);
    release(order);
    try {
        if (is_trailing(order.wish.kind) && has_limit(order.wish.kind))
            order.limit_price = resolve_price(*order.wish.price2, '+', order.trigger_price, *order.pair);
        if (has_limit(order.wish.kind))
            reserve(order);
        else if (!affordable(order, plan(order, now)))
            refuse("EOrder:Insufficient funds");
    } catch (const Refusal& refusal) {
        return cancel(order, refusal.text.substr(refusal.text.find(':') + 1), now);
    }
    run(order, now);
}

}  // namespace exchange
