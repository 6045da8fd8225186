#include "tests/exchange/venue/order.hpp"

#include <algorithm>
#include <array>

namespace exchange {
namespace {

constexpr std::array<std::pair<OrderKind, std::string_view>, 10> kinds = {{
    {OrderKind::market, "market"},
    {OrderKind::limit, "limit"},
    {OrderKind::iceberg, "iceberg"},
    {OrderKind::stop_loss, "stop-loss"},
    {OrderKind::take_profit, "take-profit"},
    {OrderKind::stop_loss_limit, "stop-loss-limit"},
    {OrderKind::take_profit_limit, "take-profit-limit"},
    {OrderKind::trailing_stop, "trailing-stop"},
    {OrderKind::trailing_stop_limit, "trailing-stop-limit"},
    {OrderKind::settle_position, "settle-position"},
}};

// "stop loss 22000.0 -> limit 21000.0"
std::string at_text(OrderKind kind, const std::string& price, const std::string& price2) {
    if (kind == OrderKind::market || kind == OrderKind::settle_position) return std::string(kind_name(kind));
    if (!has_trigger(kind)) return "limit " + price;
    std::string words(kind_name(kind));
    std::ranges::replace(words, '-', ' ');
    const bool limited = words.ends_with(" limit");
    if (limited) words.resize(words.size() - std::string_view(" limit").size());
    return words + ' ' + price + (limited ? " -> limit " + price2 : "");
}

}  // namespace

std::string_view kind_name(OrderKind kind) {
    return std::ranges::find(kinds, kind, &std::pair<OrderKind, std::string_view>::first)->second;
}

std::optional<OrderKind> kind_called(std::string_view name) {
    const auto found = std::ranges::find(kinds, name, &std::pair<OrderKind, std::string_view>::second);
    if (found == kinds.end()) return {};
    return found->first;
}

bool is_trailing(OrderKind kind) {
    return kind == OrderKind::trailing_stop || kind == OrderKind::trailing_stop_limit;
}

bool has_trigger(OrderKind kind) {
    return is_trailing(kind) || kind == OrderKind::stop_loss || kind == OrderKind::take_profit ||
           kind == OrderKind::stop_loss_limit || kind == OrderKind::take_profit_limit;
}

bool has_limit(OrderKind kind) {
    return kind == OrderKind::limit || kind == OrderKind::iceberg || kind == OrderKind::stop_loss_limit ||
           kind == OrderKind::take_profit_limit || kind == OrderKind::trailing_stop_limit;
}

std::string_view status_name(OrderStatus status) {
    switch (status) {
        case OrderStatus::pending:
            return "pending";
        case OrderStatus::open:
            return "open";
        case OrderStatus::closed:
            return "closed";
        case OrderStatus::canceled:
            return "canceled";
        case OrderStatus::expired:
            break;
    }
    return "expired";
}

std::string price_text(const Pair& pair, const std::optional<PriceWish>& wish, Amount resolved) {
    if (wish && wish->relative() && resolved.is_zero()) {
        std::string text = wish->value.show(wish->percent ? 4 : pair.price_decimals);
        if (wish->prefix != 0) text.insert(text.begin(), wish->prefix);
        return wish->percent ? text + '%' : text;
    }
    if (!wish && resolved.is_zero()) return "0";
    return (resolved.is_zero() ? wish->value : resolved).show(pair.price_decimals);
}

std::string describe(const Order& order) {
    const auto& wish = order.wish;
    const Amount first = has_trigger(wish.kind) ? order.trigger_price : order.limit_price;
    std::string text = std::string(side_name(wish.side)) + ' ' +
                       (wish.volume_in_quote ? wish.volume : order.volume).show(order.pair->volume_decimals) +
                       ' ' + order.pair->altname + " @ " +
                       at_text(
                           wish.kind,
                           is_trailing(wish.kind) ? price_text(*order.pair, wish.price, {})
                                                  : price_text(*order.pair, wish.price, first),
                           is_trailing(wish.kind) ? price_text(*order.pair, wish.price2, {})
                                                  : price_text(*order.pair, wish.price2, order.limit_price)
                       );
    if (wish.leverage > 1) text += " with " + std::to_string(wish.leverage) + ":1 leverage";
    return text;
}

std::string describe_close(const Order& order) {
    const auto& close = order.wish.close;
    if (!close) return {};
    return "close position @ " + at_text(
                                     close->kind,
                                     price_text(*order.pair, close->price, {}),
                                     price_text(*order.pair, close->price2, {})
                                 );
}

std::string flags_text(const Order& order) {
    std::string flags = order.fee_in_base ? "fcib" : "fciq";
    if (order.wish.post_only) flags = "post," + flags;
    if (order.wish.volume_in_quote) flags += ",viqc";
    return flags;
}

}  // namespace exchange
