#include "tests/exchange/venue/order_queries.hpp"

#include <algorithm>

#include "tests/exchange/venue/json_text.hpp"
#include "tests/exchange/venue/order_words.hpp"
#include "tests/exchange/venue/pages.hpp"

namespace exchange {
namespace {

constexpr std::size_t page_length = 50;
constexpr std::size_t most_queried_orders = 50;

bool shown(const Desk& desk, const Order& order, Time now) {
    return order.opened + desk.settings.order_shown_after <= now;
}

std::string time_or_zero(const std::optional<Time>& time) {
    return time ? seconds_text(*time) : "0";
}

std::string describe_all(const Order& order) {
    const auto& wish = order.wish;
    const Pair& pair = *order.pair;
    const bool trigger_first = has_trigger(wish.kind) && !is_trailing(wish.kind);
    const bool triggered_limit = has_trigger(wish.kind) && has_limit(wish.kind);
    const Amount first = trigger_first            ? order.trigger_price
                         : is_trailing(wish.kind) ? Amount()
                                                  : order.limit_price;
    const Amount second = triggered_limit && trigger_first ? order.limit_price : Amount();
    return JsonObject()
        .text("pair", pair.altname)
        .text("type", side_name(wish.side))
        .text("ordertype", kind_name(wish.kind))
        .text("price", price_text(pair, wish.price, first))
        .text("price2", price_text(pair, wish.price2, second))
        .text("leverage", wish.leverage > 1 ? std::to_string(wish.leverage) + ":1" : "none")
        .text("order", describe(order))
        .text("close", describe_close(order))
        .done();
}

std::string misc_of(const Order& order) {
    std::string misc;
    const auto add = [&](bool holds, std::string_view word) {
        if (holds) misc += (misc.empty() ? "" : ",") + std::string(word);
    };
    const bool stop = order.wish.kind == OrderKind::stop_loss ||
                      order.wish.kind == OrderKind::stop_loss_limit || is_trailing(order.wish.kind);
    add(order.touched && stop, "stopped");
    add(order.touched && !stop, "touched");
    add(!order.alive() && order.filled.is_positive() && order.remaining().is_positive(), "partial");
    add(order.amended, "amended");
    return misc;
}

std::string order_json(const Order& order, bool with_trades) {
    const Pair& pair = *order.pair;
    const auto& wish = order.wish;
    const auto price = order.filled.is_zero() ? Amount() : order.cost.over(order.filled);
    JsonObject json;
    order.refid.empty() ? json.null("refid") : json.text("refid", order.refid);
    json.number("userref", wish.userref.value_or(0));
    wish.cl_ord_id.empty() ? json.null("cl_ord_id") : json.text("cl_ord_id", wish.cl_ord_id);
    json.text("status", status_name(order.status));
    if (order.ended) {
        order.reason.empty() ? json.null("reason") : json.text("reason", order.reason);
        json.raw("closetm", seconds_text(*order.ended));
    }
    json.raw("opentm", seconds_text(order.opened));
    json.raw("starttm", time_or_zero(wish.start)).raw("expiretm", time_or_zero(wish.expire));
    json.raw("descr", describe_all(order));
    const bool quote = wish.volume_in_quote;
    json.text("vol", (quote ? wish.volume : order.volume).show(pair.volume_decimals));
    json.text("vol_exec", (quote ? order.cost : order.filled).show(pair.volume_decimals));
    json.text("cost", order.cost.show(pair.cost_decimals)).text("fee", order.fee.show(pair.cost_decimals));
    json.text("price", price.show(pair.price_decimals));
    const bool triggers = has_trigger(wish.kind);
    json.text("stopprice", (triggers ? order.trigger_price : Amount()).show(5));
    json.text("limitprice", (triggers ? order.limit_price : Amount()).show(5));
    if (triggers) json.text("trigger", wish.trigger);
    json.flag("margin", wish.leverage > 1);
    json.text("misc", misc_of(order)).text("oflags", flags_text(order));
    wish.sender_sub_id.empty() ? json.null("sender_sub_id") : json.text("sender_sub_id", wish.sender_sub_id);
    if (with_trades) {
        JsonArray trades;
        for (const auto& id : order.trades)
            trades.text(id);
        json.raw("trades", trades.done());
    }
    return json.done();
}

struct OrderFilter {
    std::optional<std::int32_t> userref;
    std::string cl_ord_id;
    bool passes(const Order& order) const {
        return (!userref || order.wish.userref == userref) &&
               (cl_ord_id.empty() || order.wish.cl_ord_id == cl_ord_id);
    }
};

const Position* position_of(const Desk& desk, const Trade& trade) {
    for (const Position* position : desk.engine.positions().open_of(trade.account))
        if (position->id == trade.position) return position;
    return nullptr;
}

std::string trade_json(const Desk& desk, const Trade& trade, bool with_ledgers) {
    const int places = 5;
    JsonObject json;
    json.text("ordertxid", trade.order).text("postxid", trade.position.empty() ? trade.id : trade.position);
    json.text("pair", trade.pair->id).text("aclass", "forex").raw("time", seconds_text(trade.time));
    json.text("type", side_name(trade.side)).text("ordertype", kind_name(trade.kind));
    json.text("price", trade.price.show(std::max(places, trade.pair->price_decimals)));
    json.text("cost", trade.cost.show(trade.pair->cost_decimals))
        .text("fee", trade.fee.show(trade.pair->cost_decimals));
    json.text("vol", trade.volume.show(trade.pair->volume_decimals))
        .text("margin", trade.margin.show(places));
    json.text("leverage", std::to_string(trade.leverage)).text("misc", trade.misc);
    if (!trade.position.empty()) json.text("posstatus", position_of(desk, trade) ? "open" : "closed");
    if (with_ledgers) {
        JsonArray ledgers;
        for (const auto& id : trade.ledgers)
            ledgers.text(id);
        json.raw("ledgers", ledgers.done());
    }
    return json.number("trade_id", trade.number).flag("maker", trade.maker).done();
}

bool wanted(const Desk& desk, const Trade& trade, const std::string& type) {
    const bool closes = trade.misc == "closing";
    if (type == "no position") return trade.leverage < 2;
    if (type == "any position") return trade.leverage >= 2;
    if (type == "closing position") return closes;
    if (type == "closed position") return !trade.position.empty() && !position_of(desk, trade);
    return true;
}

}  // namespace

std::string open_orders(Desk& desk, Request& request) {
    const bool trades = request.args.flag("trades").value_or(false);
    const OrderFilter filter{read_userref(request.args), read_cl_ord_id(request.args)};
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    JsonObject open;
    for (const Order* order : desk.engine.living(request.account()))
        if (filter.passes(*order) && shown(desk, *order, request.now))
            open.raw(order->id, order_json(*order, trades));
    return JsonObject().raw("open", open.done()).done();
}

std::string closed_orders(Desk& desk, Request& request) {
    auto& args = request.args;
    const bool trades = args.flag("trades").value_or(false);
    const OrderFilter filter{read_userref(args), read_cl_ord_id(args)};
    const auto closetm = args.one_of("closetime", {"open", "close", "both"}).value_or("both");
    const Page page = read_page(args, [&](const std::string& id) -> std::optional<Time> {
        const Order* order = desk.engine.find(request.account(), id);
        if (!order) return {};
        return closetm == "open" ? order->opened : order->ended.value_or(order->opened);
    });
    args.flag("consolidate_taker");
    const bool count = !args.flag("without_count").value_or(false);
    args.rebase_multiplier();
    args.done(desk.settings.refuse_unknown_parameters);

    std::vector<const Order*> found;
    for (const Order* order : desk.engine.all(request.account())) {
        if (order->alive() || !filter.passes(*order) || !shown(desk, *order, request.now)) continue;
        const bool by_open = closetm != "close" && page.covers(order->opened);
        const bool by_close = closetm != "open" && page.covers(*order->ended);
        if (by_open || by_close) found.push_back(order);
    }
    std::ranges::sort(found, [](const Order* a, const Order* b) {
        return std::pair(*a->ended, a->sequence) > std::pair(*b->ended, b->sequence);
    });
    JsonObject closed;
    for (std::size_t i = page.offset; i < std::min(found.size(), page.offset + page_length); ++i)
        closed.raw(found[i]->id, order_json(*found[i], trades));
    JsonObject result;
    result.raw("closed", closed.done());
    if (count) result.number("count", std::int64_t(found.size()));
    return result.done();
}

std::string query_orders(Desk& desk, Request& request) {
    auto& args = request.args;
    const bool trades = args.flag("trades").value_or(false);
    const OrderFilter filter{read_userref(args), {}};
    const auto ids = args.list("txid", most_queried_orders);
    if (ids.empty()) refuse_argument("txid");
    args.flag("consolidate_taker");
    args.rebase_multiplier();
    args.done(desk.settings.refuse_unknown_parameters);
    JsonObject result;
    bool any = false;
    for (const auto& id : ids) {
        const Order* order = desk.engine.find(request.account(), id);
        if (!order || !shown(desk, *order, request.now)) continue;
        if (!request.permits(order->alive() ? "query-open-trades" : "query-closed-trades"))
            refuse("EGeneral:Permission denied");
        any = true;
        if (filter.passes(*order)) result.raw(id, order_json(*order, trades));
    }
    if (!any) refuse(desk.settings.unknown_query_text);
    return result.done();
}

std::string order_amends(Desk& desk, Request& request) {
    const auto id = request.args.needed("order_id");
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    const Order* order = desk.engine.find(request.account(), id);
    if (!order) refuse(desk.settings.unknown_query_text);
    if (!request.permits(order->alive() ? "query-open-trades" : "query-closed-trades"))
        refuse("EGeneral:Permission denied");
    const Pair& pair = *order->pair;
    JsonArray amends;
    for (const auto& amend : order->amends) {
        JsonObject row;
        row.text("amend_id", amend.id).text("amend_type", amend.type);
        row.text("order_qty", amend.volume.show(pair.volume_decimals));
        if (amend.display_volume) row.text("display_qty", amend.display_volume->show(pair.volume_decimals));
        row.text("remaining_qty", amend.remaining.show(pair.volume_decimals));
        if (amend.limit_price.is_positive())
            row.text("limit_price", amend.limit_price.show(pair.price_decimals));
        if (amend.trigger_price.is_positive())
            row.text("trigger_price", amend.trigger_price.show(pair.price_decimals));
        if (amend.type == "user") row.text("reason", "User requested");
        if (amend.post_only) row.flag("post_only", true);
        amends.raw(row.number("timestamp", amend.time.time_since_epoch().count()).done());
    }
    return JsonObject()
        .raw("amends", amends.done())
        .number("count", std::int64_t(order->amends.size()))
        .done();
}

std::string trades_history(Desk& desk, Request& request) {
    auto& args = request.args;
    const auto type =
        args.one_of("type", {"all", "any position", "closed position", "closing position", "no position"})
            .value_or("all");
    args.flag("trades");
    const bool ledgers = args.flag("ledgers").value_or(false);
    args.flag("consolidate_taker");
    const bool count = !args.flag("without_count").value_or(false);
    const auto limit = std::size_t(args.whole("limit", 1, 100).value_or(page_length));
    const Page page = read_page(args, [&](const std::string& id) -> std::optional<Time> {
        const Trade* trade = desk.engine.trade(request.account(), id);
        if (!trade) return {};
        return trade->time;
    });
    args.rebase_multiplier();
    args.done(desk.settings.refuse_unknown_parameters);
    auto found = desk.engine.trades(request.account());
    std::erase_if(found, [&](const Trade* trade) {
        return !page.covers(trade->time) || !wanted(desk, *trade, type);
    });
    std::ranges::reverse(found);
    JsonObject trades;
    for (std::size_t i = page.offset; i < std::min(found.size(), page.offset + limit); ++i)
        trades.raw(found[i]->id, trade_json(desk, *found[i], ledgers));
    JsonObject result;
    result.raw("trades", trades.done());
    if (count) result.number("count", std::int64_t(found.size()));
    return result.done();
}

std::string query_trades(Desk& desk, Request& request) {
    constexpr std::size_t most = 20;
    const auto ids = request.args.list("txid", most);
    if (ids.empty()) refuse_argument("txid");
    request.args.flag("trades");
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    JsonObject result;
    for (const auto& id : ids) {
        const Trade* trade = desk.engine.trade(request.account(), id);
        if (!trade) refuse_argument("txid");
        result.raw(id, trade_json(desk, *trade, false));
    }
    return result.done();
}

std::string open_positions(Desk& desk, Request& request) {
    const auto ids = request.args.list("txid", most_queried_orders);
    const bool calculate = request.args.flag("docalcs").value_or(false);
    request.args.one_of("consolidation", {"market"});
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    JsonObject result;
    for (const Position* position : desk.engine.positions().open_of(request.account())) {
        if (!ids.empty() && std::ranges::find(ids, position->id) == ids.end()) continue;
        const Pair& pair = *position->pair;
        JsonObject row;
        row.text("ordertxid", position->order).text("posstatus", "open").text("pair", pair.id);
        row.raw("time", seconds_text(position->time)).text("type", side_name(position->side));
        row.text("ordertype", kind_name(position->kind))
            .text("cost", position->cost.show(pair.cost_decimals));
        row.text("fee", position->fee.show(pair.cost_decimals))
            .text("vol", position->volume.show(pair.volume_decimals));
        row.text("vol_closed", position->closed_volume.show(pair.volume_decimals));
        row.text("margin", position->margin.show(pair.cost_decimals));
        if (calculate) {
            const Amount value = desk.market.last(pair, request.now).times(position->open_volume());
            const Amount paid = position->open_cost();
            const Amount net = position->side == Side::buy ? value - paid : paid - value;
            row.text("value", value.show(1)).text("net", (net.is_negative() ? "" : "+") + net.show(4));
        }
        constexpr auto rollover_every = std::chrono::hours(4);
        row.text("terms", "0.0100% per 4 hours");
        row.text("rollovertm", std::to_string(unix_seconds(position->time + rollover_every)));
        result.raw(position->id, row.text("misc", "").text("oflags", position->flags).done());
    }
    return result.done();
}

}  // namespace exchange
