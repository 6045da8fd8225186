#include "tests/exchange/venue/order_rules.hpp"

#include "tests/exchange/venue/refusal.hpp"

namespace exchange {
namespace {

// '#' is '+' or '-' by side and kind: away from the market for limits and take-profits, through it for stops.
char hash_sign(OrderKind kind, Side side) {
    const bool stop = kind == OrderKind::stop_loss || kind == OrderKind::stop_loss_limit || is_trailing(kind);
    return (side == Side::buy) == stop ? '+' : '-';
}

void check_leverage(const Settings& settings, const Pair& pair, const OrderWish& wish) {
    if (wish.leverage < 2) return;
    if (!settings.margin_allowed) refuse("EOrder:Cannot open position");
    if (wish.leverage > pair.most_leverage) refuse_argument("leverage");
}

void resolve_prices(Order& order, const Market& market, Time now) {
    const auto& wish = order.wish;
    const Amount last = market.last(*order.pair, now);
    const char hash = hash_sign(wish.kind, wish.side);
    order.extreme = last;
    if (is_trailing(wish.kind)) {
        const Amount trail = trail_of(*wish.price, last);
        order.trigger_price =
            (wish.side == Side::buy ? last + trail : last - trail).down_to(order.pair->tick);
        if (!order.trigger_price.is_positive()) refuse("EOrder:Invalid price");
    } else if (has_trigger(wish.kind)) {
        order.trigger_price = resolve_price(*wish.price, hash, last, *order.pair);
        if (has_limit(wish.kind)) order.limit_price = resolve_price(*wish.price2, hash, last, *order.pair);
    } else if (has_limit(wish.kind)) {
        order.limit_price = resolve_price(*wish.price, hash, last, *order.pair);
    }
    if (wish.close) {
        const Side closing = opposite(wish.side);
        const char sign = hash_sign(wish.close->kind, closing);
        if (!is_trailing(wish.close->kind)) resolve_price(*wish.close->price, sign, last, *order.pair);
        if (wish.close->price2 && !is_trailing(wish.close->kind))
            resolve_price(*wish.close->price2, sign, last, *order.pair);
    }
}

}  // namespace

void check_market_open(const Settings& settings, const Pair& pair, const OrderWish& wish) {
    const auto own = settings.pair_status.find(pair.id);
    for (const std::string& status :
         {settings.system_status, own == settings.pair_status.end() ? "online" : own->second}) {
        if (status == "maintenance") refuse("EService:Unavailable");
        if (status == "cancel_only") refuse("EService:Market in cancel_only mode");
        if (status == "post_only" && !wish.post_only) refuse("EService:Market in post_only mode");
        if (status == "limit_only" && wish.kind != OrderKind::limit)
            refuse("EService:Market in limit_only mode");
        if (status == "reduce_only" && !wish.reduce_only) refuse("EService:Market in reduce_only mode");
    }
}

Amount trail_of(const PriceWish& wish, Amount reference) {
    return wish.percent ? reference.percent(wish.value) : wish.value;
}

Amount resolve_price(const PriceWish& wish, char hash, Amount reference, const Pair& pair) {
    if (!wish.relative()) {
        if (!wish.value.has_at_most(pair.price_decimals)) refuse("EOrder:Invalid price");
        if (!wish.value.is_multiple_of(pair.tick)) refuse("EOrder:Tick size check failed");
        return wish.value;
    }
    const Amount away = trail_of(wish, reference);
    const char sign = wish.prefix == '#' ? hash : wish.prefix;
    const Amount price = (sign == '-' ? reference - away : reference + away).down_to(pair.tick);
    if (!price.is_positive()) refuse("EOrder:Invalid price");
    return price;
}

void check_volume(const Settings& settings, const Pair& pair, Amount volume, Amount price) {
    if (!volume.has_at_most(pair.volume_decimals)) refuse_argument("volume");
    if (volume < pair.order_minimum) refuse(settings.volume_minimum_text);
    if (volume.times(price) < pair.cost_minimum) refuse("EOrder:Cost minimum not met");
}

Order draft_order(
    const Settings& settings,
    const Market& market,
    const Pair& pair,
    const OrderWish& wish,
    const std::string& account,
    Tier tier,
    Time now
) {
    check_market_open(settings, pair, wish);
    check_leverage(settings, pair, wish);
    if (wish.trigger == "index" && settings.index_unavailable.contains(pair.id))
        refuse("EGeneral:Invalid arguments:Index unavailable");
    Order order{};
    order.account = account;
    order.tier = tier;
    order.pair = &pair;
    order.wish = wish;
    order.volume = wish.volume;
    order.opened = order.changed = now;
    resolve_prices(order, market, now);
    const Amount ask = market.ask(pair, now);
    if (wish.volume_in_quote) {
        if (!wish.volume.has_at_most(pair.volume_decimals)) refuse_argument("volume");
        order.volume = wish.volume.over(ask).cut(pair.volume_decimals);
    }
    const Amount price = order.limit_price.is_positive()     ? order.limit_price
                         : order.trigger_price.is_positive() ? order.trigger_price
                                                             : ask;
    const bool closing = wish.leverage > 1 && wish.volume.is_zero();
    if (!closing && wish.kind != OrderKind::settle_position)
        check_volume(settings, pair, order.volume, price);
    return order;
}

}  // namespace exchange
