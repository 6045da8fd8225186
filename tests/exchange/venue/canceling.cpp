// Cancels: by order id, user reference or client order id, alone and in batches; and EditOrder, a cancel with
// a successor.

#include <algorithm>
#include <set>

#include "tests/exchange/venue/json_text.hpp"
#include "tests/exchange/venue/order_rules.hpp"
#include "tests/exchange/venue/order_words.hpp"
#include "tests/exchange/venue/trading.hpp"

namespace exchange {
namespace {

constexpr std::size_t most_batch_ids = 50;

bool named_by(const Order& order, const std::string& txid_or_userref) {
    if (order.id == txid_or_userref) return true;
    const auto userref = parse_whole(txid_or_userref);
    return userref && order.wish.userref && *order.wish.userref == *userref;
}

std::vector<Order*> named(Desk& desk, const Request& request, const std::string& txid_or_userref) {
    auto found = desk.engine.living(request.account());
    std::erase_if(found, [&](const Order* order) { return !named_by(*order, txid_or_userref); });
    return found;
}

std::vector<Order*> named_by_client(Desk& desk, const Request& request, const std::string& cl_ord_id) {
    auto found = desk.engine.living(request.account());
    std::erase_if(found, [&](const Order* order) { return order->wish.cl_ord_id != cl_ord_id; });
    return found;
}

void check_open_for_cancels(const Desk& desk, const Order& order) {
    const auto own = desk.settings.pair_status.find(order.pair->id);
    if (own != desk.settings.pair_status.end() && own->second == "maintenance")
        refuse("EService:Unavailable");
}

// Refused as a whole when the counter of any pair stands above the threshold before; passing it on the way is
// fine.
void cancel_charged(Desk& desk, const Request& request, const std::vector<Order*>& orders) {
    const auto& caller = *request.caller;
    auto& counter = desk.engine.counter();
    for (const Order* order : orders) {
        check_open_for_cancels(desk, *order);
        if (!counter.admits(caller.account, order->pair->id, request.tier, request.now))
            refuse("EOrder:Rate limit exceeded");
    }
    for (Order* order : orders) {
        const int cost = age_cost(Penalty::cancel, request.now - order->changed);
        counter.charge(caller.account, order->pair->id, request.tier, cost, request.now);
        desk.engine.cancel(*order, "User requested", request.now);
    }
}

std::string count_text(std::size_t count) {
    return JsonObject().number("count", std::int64_t(count)).done();
}

}  // namespace

std::string cancel_order(Desk& desk, Request& request) {
    const auto txid = request.args.text("txid");
    const auto cl_ord_id = read_cl_ord_id(request.args);
    request.args.done(desk.settings.refuse_unknown_parameters);
    if (txid.has_value() != cl_ord_id.empty()) refuse_argument(txid ? "cl_ord_id" : "txid");
    const auto orders = txid ? named(desk, request, *txid) : named_by_client(desk, request, cl_ord_id);
    if (orders.empty()) refuse(desk.settings.dead_order_text);
    cancel_charged(desk, request, orders);
    return count_text(orders.size());
}

std::string cancel_order_batch(Desk& desk, Request& request) {
    const auto ids = request.args.list("orders", most_batch_ids);
    const auto client_ids = request.args.list("cl_ord_ids", most_batch_ids);
    request.args.done(desk.settings.refuse_unknown_parameters);
    if (ids.empty() && client_ids.empty()) refuse_argument("orders");
    if (ids.size() + client_ids.size() > most_batch_ids) refuse_argument("orders");
    std::vector<Order*> orders;
    const auto add = [&](const std::vector<Order*>& found) {
        for (Order* order : found)
            if (std::ranges::find(orders, order) == orders.end()) orders.push_back(order);
    };
    for (const auto& id : ids)
        add(named(desk, request, id));
    for (const auto& id : client_ids)
        add(named_by_client(desk, request, id));
    cancel_charged(desk, request, orders);
    return count_text(orders.size());
}

std::string cancel_all(Desk& desk, Request& request) {
    request.args.done(desk.settings.refuse_unknown_parameters);
    const auto orders = desk.engine.living(request.account());
    std::set<std::string> pairs;
    for (Order* order : orders) {
        pairs.insert(order->pair->id);
        desk.engine.cancel(*order, "User requested", request.now);
    }
    // One point for each pair it touches, and never refused.
    for (const auto& pair : pairs)
        desk.engine.counter().charge(request.account(), pair, request.tier, 1, request.now);
    return count_text(orders.size());
}

namespace {

struct Edit {
    std::string txid;
    std::optional<Amount> volume;
    std::optional<Amount> display_volume;
    std::optional<PriceWish> price;
    std::optional<PriceWish> price2;
    std::optional<std::string> flags;
    std::optional<std::int32_t> userref;
    bool validate = false;
};

Edit read_edit(Desk& desk, Request& request) {
    auto& args = request.args;
    Edit edit;
    edit.txid = args.needed("txid");
    edit.volume = args.amount("volume");
    edit.display_volume = args.amount("displayvol");
    edit.price = read_price(args, "price");
    edit.price2 = read_price(args, "price2");
    edit.flags = args.text("oflags");
    edit.userref = read_userref(args);
    edit.validate = args.flag("validate").value_or(false);
    args.flag("cancel_response");
    check_deadline(args, desk.settings, request.now);
    args.done(desk.settings.refuse_unknown_parameters);
    if (edit.flags)
        for (const auto& flag : split_commas(*edit.flags))
            if (flag != "post" && flag != "fcib" && flag != "fciq" && flag != "nompp" && flag != "viqc")
                refuse_argument("oflags");
    return edit;
}

OrderWish edited_wish(const Order& old, const Edit& edit) {
    OrderWish wish = old.wish;
    wish.volume = edit.volume.value_or(old.volume);
    if (wish.volume <= old.filled) refuse_argument("volume");
    wish.volume -= old.filled;
    // What the edit does not name stays as it is now, which an amend may have changed; relative prices stay
    // resolved.
    if (!is_trailing(wish.kind)) {
        const Amount first = has_trigger(wish.kind) ? old.trigger_price : old.limit_price;
        wish.price = PriceWish{0, false, first};
        if (wish.price2) wish.price2 = PriceWish{0, false, old.limit_price};
    }
    if (edit.price) wish.price = edit.price;
    if (edit.price2) wish.price2 = edit.price2;
    if (edit.display_volume) wish.display_volume = edit.display_volume;
    const bool takes_display = !wish.display_volume || wish.kind == OrderKind::iceberg;
    if (!takes_display) refuse_argument("displayvol");
    if (edit.price2 && !(has_trigger(wish.kind) && has_limit(wish.kind))) refuse_argument("price2");
    if (wish.display_volume && (*wish.display_volume > wish.volume ||
                                wish.display_volume->times(Amount::of_units(15)) < wish.volume))
        refuse_argument("displayvol");
    if (edit.flags) wish.post_only = edit.flags->find("post") != std::string::npos;
    if (wish.post_only && wish.kind != OrderKind::limit) refuse_argument("oflags");
    wish.userref = edit.userref;
    return wish;
}

}  // namespace

std::string edit_order(Desk& desk, Request& request) {
    const Pair& pair = read_pair(request.args);
    const Edit edit = read_edit(desk, request);
    const auto& caller = *request.caller;
    auto& counter = desk.engine.counter();
    if (!edit.validate && !counter.admits(caller.account, pair.id, request.tier, request.now))
        refuse("EOrder:Rate limit exceeded");
    const auto found = named(desk, request, edit.txid);
    if (found.size() != 1 || found.front()->pair != &pair) refuse("EOrder:Unknown order");
    Order& old = *found.front();
    if (!edit.validate)
        counter.charge(
            caller.account,
            pair.id,
            request.tier,
            age_cost(Penalty::edit, request.now - old.changed),
            request.now
        );
    if (old.touched || old.wish.close || !old.wish.cl_ord_id.empty())
        refuse(desk.settings.edit_not_allowed_text);
    const OrderWish wish = edited_wish(old, edit);
    Order successor =
        draft_order(desk.settings, desk.market, pair, wish, caller.account, request.tier, request.now);
    successor.refid = old.id;

    JsonObject result;
    const std::string price = price_text(pair, wish.price, {});
    const std::string price2 = price_text(pair, wish.price2, {});
    result.text("status", "ok");
    const std::string old_id = old.id;
    const auto old_userref = old.wish.userref;
    std::string order_text = describe(successor);
    const std::string volume = successor.volume.show(pair.volume_decimals);
    if (!edit.validate) {
        const Order& placed = desk.engine.replace(old, std::move(successor), request.now);
        result.text("txid", placed.id);
    }
    result.text("originaltxid", old_id).text("volume", volume).text("price", price).text("price2", price2);
    result.number("orders_cancelled", edit.validate ? 0 : 1);
    result.raw("descr", JsonObject().text("order", order_text).done());
    if (edit.userref) result.number("newuserref", *edit.userref);
    if (old_userref) result.number("olduserref", *old_userref);
    return result.done();
}

}  // namespace exchange
