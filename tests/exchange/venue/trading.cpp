#include "tests/exchange/venue/trading.hpp"

#include <algorithm>

#include "tests/exchange/venue/json_text.hpp"
#include "tests/exchange/venue/order_rules.hpp"
#include "tests/exchange/venue/order_words.hpp"

namespace exchange {
namespace {

constexpr std::size_t fewest_in_batch = 2;
constexpr std::size_t most_in_batch = 15;

// The fixed cost is charged on receipt, even if the order then turns out to be wrong.
void admit(Desk& desk, const Request& request, const Pair& pair, int halves) {
    const auto& caller = *request.caller;
    if (!desk.engine.counter().admits(caller.account, pair.id, request.tier, request.now))
        refuse("EOrder:Rate limit exceeded");
    desk.engine.counter().charge_halves(caller.account, pair.id, request.tier, halves, request.now);
}

Order draft(Desk& desk, const Request& request, const Pair& pair, const OrderWish& wish) {
    const auto& caller = *request.caller;
    return draft_order(desk.settings, desk.market, pair, wish, caller.account, request.tier, request.now);
}

JsonObject description(const Order& order) {
    JsonObject descr;
    descr.text("order", describe(order));
    return descr;
}

// The broker's IIBAN is taken and has no effect.
void read_broker(Request& request) {
    const auto broker = request.args.text("broker");
    if (broker && (broker->size() != 16 || !broker->starts_with("AA"))) refuse_argument("broker");
}

std::string placed_row(Desk& desk, const Request& request, Order&& order) {
    JsonObject row;
    try {
        const Order& placed = desk.engine.place(std::move(order), request.now);
        row.text("txid", placed.id).raw("descr", description(placed).done());
        if (placed.wish.close) row.text("close", describe_close(placed));
    } catch (const Refusal& refusal) {
        row = {};
        row.text("error", refusal.text);
    }
    return row.done();
}

}  // namespace

std::string add_order(Desk& desk, Request& request) {
    const bool validate = request.args.flag("validate").value_or(false);
    const Pair& pair = read_pair(request.args);
    if (!validate) admit(desk, request, pair, 2);
    const OrderWish wish = read_order(request.args, desk.settings, request.now);
    read_broker(request);
    check_deadline(request.args, desk.settings, request.now);
    request.args.done(desk.settings.refuse_unknown_parameters);
    Order order = draft(desk, request, pair, wish);
    const std::string close = describe_close(order);
    JsonObject result;
    if (validate) {
        auto descr = description(order);
        if (!close.empty()) descr.text("close", close);
        return result.raw("descr", descr.done()).done();
    }
    const Order& placed = desk.engine.place(std::move(order), request.now);
    auto descr = description(placed);
    if (!close.empty()) descr.text("close", close);
    return result.raw("descr", descr.done()).raw("txid", JsonArray().text(placed.id).done()).done();
}

std::string add_order_batch(Desk& desk, Request& request) {
    const bool validate = request.args.flag("validate").value_or(false);
    const Pair& pair = read_pair(request.args);
    const auto* rows = request.args.array("orders");
    if (!rows || rows->size() < fewest_in_batch || rows->size() > most_in_batch) refuse_argument("orders");
    if (!validate) admit(desk, request, pair, int(rows->size()));
    read_broker(request);
    check_deadline(request.args, desk.settings, request.now);
    request.args.done(desk.settings.refuse_unknown_parameters);
    std::vector<Order> drafts;
    for (const auto& row : *rows) {
        if (row.kind != Param::Kind::object) refuse_argument("orders");
        const Params members = nested(row.members);
        Arguments fields(members);
        const OrderWish wish = read_order(fields, desk.settings, request.now);
        fields.done(desk.settings.refuse_unknown_parameters);
        drafts.push_back(draft(desk, request, pair, wish));
    }
    JsonArray orders;
    for (auto& order : drafts)
        orders.raw(
            validate ? JsonObject().raw("descr", description(order).done()).done()
                     : placed_row(desk, request, std::move(order))
        );
    return JsonObject().raw("orders", orders.done()).done();
}

std::string amend_order(Desk& desk, Request& request) {
    auto& args = request.args;
    const auto txid = args.text("txid");
    const auto cl_ord_id = read_cl_ord_id(args);
    AmendWish wish;
    wish.volume = args.amount("order_qty");
    wish.display_volume = args.amount("display_qty");
    wish.limit_price = read_price(args, "limit_price");
    wish.trigger_price = read_price(args, "trigger_price");
    wish.post_only = args.flag("post_only").value_or(false);
    if (const auto pair = args.text("pair")) known_pair(*pair);
    check_deadline(args, desk.settings, request.now);
    args.done(desk.settings.refuse_unknown_parameters);
    if (txid.has_value() != cl_ord_id.empty()) refuse_argument(txid ? "cl_ord_id" : "txid");

    const auto living = desk.engine.living(request.account());
    const auto found = std::ranges::find_if(living, [&](const Order* order) {
        return txid ? order->id == *txid : order->wish.cl_ord_id == cl_ord_id;
    });
    if (found == living.end()) refuse("EOrder:Unknown order");
    Order& order = **found;
    check_market_open(desk.settings, *order.pair, order.wish);
    admit(desk, request, *order.pair, 0);
    const auto& caller = *request.caller;
    const auto age = request.now - order.changed;
    const bool ends = wish.volume && *wish.volume <= order.filled;
    desk.engine.counter().charge(
        caller.account,
        order.pair->id,
        request.tier,
        age_cost(ends ? Penalty::cancel : Penalty::amend, age),
        request.now
    );
    return JsonObject().text("amend_id", desk.engine.amend(order, wish, request.now)).done();
}

std::string cancel_all_orders_after(Desk& desk, Request& request) {
    const auto timeout = request.args.text("timeout");
    if (!timeout) refuse_argument("timeout");
    const auto seconds = parse_whole(*timeout);
    request.args.done(desk.settings.refuse_unknown_parameters);
    constexpr std::int64_t one_day = 86'400;
    if (!seconds || *seconds < 0) refuse_argument("timeout");
    if (*seconds >= one_day) refuse("Invalid timeout argument");
    desk.engine.counter().charge(request.account(), "", request.tier, 1, request.now);
    JsonObject result;
    result.text("currentTime", rfc3339_text(request.now));
    if (*seconds == 0) {
        desk.engine.cancel_all_after(request.account(), {});
        if (!desk.settings.disarmed_trigger_time_absent) result.text("triggerTime", "0");
        return result.done();
    }
    const Time when = request.now + std::chrono::seconds(*seconds);
    desk.engine.cancel_all_after(request.account(), when);
    return result.text("triggerTime", rfc3339_text(when)).done();
}

}  // namespace exchange
