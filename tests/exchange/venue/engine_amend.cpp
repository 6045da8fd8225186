// Changes to living orders that keep their id.

#include <algorithm>

#include "tests/exchange/venue/engine.hpp"
#include "tests/exchange/venue/order_rules.hpp"
#include "tests/exchange/venue/refusal.hpp"

namespace exchange {

void Engine::check_amend(const Order& order, const AmendWish& wish) const {
    const bool trailing = is_trailing(order.wish.kind) && !order.triggered;
    if (wish.limit_price && (!has_limit(order.wish.kind) || (trailing && !wish.limit_price->relative())))
        refuse_argument("limit_price");
    if (wish.trigger_price &&
        (!has_trigger(order.wish.kind) || order.triggered || (trailing && wish.trigger_price->prefix != '+')))
        refuse_argument("trigger_price");
    if (wish.display_volume && order.wish.kind != OrderKind::iceberg) refuse_argument("display_qty");
    if (wish.post_only && order.wish.kind != OrderKind::limit) refuse_argument("post_only");
}

// The order as it would be; nothing is changed yet.
Order Engine::amended(const Order& order, const AmendWish& wish, Time now) const {
    Order changed = order;
    const Amount last = market_.last(*order.pair, now);
    const bool trailing = is_trailing(order.wish.kind) && !order.triggered;
    if (wish.volume) changed.volume = *wish.volume;
    if (wish.display_volume) changed.wish.display_volume = wish.display_volume;
    if (trailing) {
        if (wish.limit_price) changed.wish.price2 = wish.limit_price;
        if (wish.trigger_price) changed.wish.price = wish.trigger_price;
    } else {
        if (wish.limit_price) changed.limit_price = resolve_price(*wish.limit_price, '+', last, *order.pair);
        if (wish.trigger_price)
            changed.trigger_price = resolve_price(*wish.trigger_price, '+', last, *order.pair);
    }
    const auto display = changed.wish.display_volume;
    if (display && (*display > changed.volume || display->times(Amount::of_units(15)) < changed.volume))
        refuse_argument("display_qty");
    const bool same = changed.volume == order.volume && changed.limit_price == order.limit_price &&
                      changed.trigger_price == order.trigger_price && display == order.wish.display_volume &&
                      !(trailing && (wish.limit_price || wish.trigger_price));
    if (same) refuse("EOrder:No amendable parameters");
    return changed;
}

void Engine::record_amend(Order& order, bool post_only, Time now) {
    order.amended = true;
    order.changed = now;
    order.amends.push_back({
        ids_.amend(),
        "user",
        order.volume,
        order.wish.display_volume,
        order.remaining().is_negative() ? Amount() : order.remaining(),
        order.limit_price,
        order.trigger_price,
        order.wish.post_only || post_only,
        now,
    });
}

std::string Engine::amend(Order& order, const AmendWish& wish, Time now) {
    check_amend(order, wish);
    Order changed = amended(order, wish, now);
    if (wish.post_only && crosses(changed, now)) refuse("EOrder:Post only order");
    const bool ends = changed.volume <= order.filled;
    if (!ends) {
        const Amount price = expected_price(changed);
        check_volume(settings_, *order.pair, changed.volume, price);
        const Amount available = books_.free(order.account, paying_asset(order)) + order.held;
        if (needed(changed, price.times(changed.remaining()), changed.remaining()) > available)
            refuse("EOrder:Insufficient funds");
    }
    const bool keeps_place = !wish.limit_price && changed.volume <= order.volume;
    release(order);
    changed.held_asset.clear();
    changed.held = {};
    order = std::move(changed);
    record_amend(order, wish.post_only, now);
    const std::string amend_id = order.amends.back().id;
    if (ends) {
        order.volume = order.filled;
        cancel(order, "User requested", now);
        return amend_id;
    }
    reserve(order);
    if (!keeps_place) {
        std::erase(living_, &order);
        living_.push_back(&order);
    }
    if (order.active()) run(order, now);
    return amend_id;
}

}  // namespace exchange
