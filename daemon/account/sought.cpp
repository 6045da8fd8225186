#include "account/sought.hpp"

#include "kraken/listed_orders.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdint>
#include <functional>
#include <utility>

namespace krakken::account {

namespace json = boost::json;
using protocol::JsonMember;

namespace {

using Lookup = std::function<std::string(std::string_view name)>;

std::string of_parameters(const kraken::Parameters& parameters, std::string_view name) {
    const std::string* raw = parameters.find(name);
    return raw ? kraken::plain_text(*raw) : "";
}

std::string of_members(const std::vector<JsonMember>& members, std::string_view name) {
    const JsonMember* member = protocol::find(members, name);
    return member ? kraken::plain_text(member->value) : "";
}

Tag tag_of(const Lookup& text) {
    if (const std::string id = text("cl_ord_id"); !id.empty()) return {Tag::Kind::cl_ord_id, id};
    if (std::string number = plain_userref(text("userref")); !number.empty())
        return {Tag::Kind::userref, std::move(number)};
    return {};
}

SoughtOrder order_of(const Lookup& text) {
    SoughtOrder order{
        tag_of(text),
        text("pair"),
        text("type"),
        text("ordertype"),
        text("volume"),
        text("price"),
        text("price2"),
    };
    // Kraken computes the volume of an order that is given in the quote currency, or closes a position.
    const bool computed =
        text("oflags").contains("viqc") || kraken::same_decimal(order.volume, "0").value_or(false);
    if (computed) order.volume.clear();
    return order;
}

// Kraken reads a batch's orders from objects alone; what is none is refused there, and leaves nothing behind.
std::vector<SoughtOrder> orders_of(const kraken::Parameters& parameters, const std::string& pair) {
    std::vector<SoughtOrder> orders;
    const std::string* raw = parameters.find("orders");
    const auto rows =
        raw ? protocol::split_array(*raw, protocol::max_request_depth) : std::vector<std::string_view>();
    if (!rows) return orders;
    for (const std::string_view row : *rows) {
        const auto members = protocol::split_object(row, protocol::max_request_depth);
        if (!members) continue;
        orders.push_back(order_of([&](std::string_view name) { return of_members(*members, name); }));
        orders.back().pair = pair;
    }
    return orders;
}

constexpr std::string_view name(Sought::Kind kind) {
    switch (kind) {
        case Sought::Kind::orders:
            return "orders";
        case Sought::Kind::amend:
            return "amend";
        case Sought::Kind::edit:
            return "edit";
        case Sought::Kind::movement:
            return "movement";
        case Sought::Kind::validation:
            return "validation";
        case Sought::Kind::nothing:
            return "nothing";
    }
    std::unreachable();
}

std::optional<Sought::Kind> kind_named(std::string_view text) {
    using enum Sought::Kind;
    for (const auto kind : {orders, amend, edit, movement, validation, nothing})
        if (name(kind) == text) return kind;
    return std::nullopt;
}

json::object shown(const Tag& tag) {
    switch (tag.kind) {
        case Tag::Kind::none:
            return {};
        case Tag::Kind::userref:
            return {{"userref", tag.value}, {"ours", tag.ours}};
        case Tag::Kind::cl_ord_id:
            return {{"cl_ord_id", tag.value}, {"ours", tag.ours}};
    }
    std::unreachable();
}

json::object shown(const SoughtOrder& order) {
    return {
        {"tag", shown(order.tag)},
        {"pair", order.pair},
        {"side", order.side},
        {"type", order.type},
        {"volume", order.volume},
        {"price", order.price},
        {"price2", order.price2},
    };
}

std::string text_in(const json::object& object, std::string_view name) {
    return std::string(object.at(name).as_string());
}

Tag tag_in(const json::value& value) {
    const json::object& object = value.as_object();
    if (object.contains("userref")) {
        std::string number = plain_userref(text_in(object, "userref"));
        if (number.empty()) return {};
        return {Tag::Kind::userref, std::move(number), object.at("ours").as_bool()};
    }
    if (object.contains("cl_ord_id"))
        return {Tag::Kind::cl_ord_id, text_in(object, "cl_ord_id"), object.at("ours").as_bool()};
    return {};
}

SoughtOrder order_in(const json::object& object) {
    return {
        tag_in(object.at("tag")),
        text_in(object, "pair"),
        text_in(object, "side"),
        text_in(object, "type"),
        text_in(object, "volume"),
        text_in(object, "price"),
        text_in(object, "price2"),
    };
}

std::optional<base::Time> time_in(const json::object& object, std::string_view name) {
    const json::value* ticks = object.if_contains(name);
    if (!ticks) return std::nullopt;
    return base::Time(std::chrono::microseconds(ticks->as_int64()));
}

}  // namespace

std::string plain_userref(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int32_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = problem == std::errc() && end == text.data() + text.size();
    return is_number && number != 0 ? std::to_string(number) : "";
}

Sought sought_by(const protocol::Endpoint& endpoint, const kraken::Parameters& parameters) {
    const Lookup text = [&parameters](std::string_view name) { return of_parameters(parameters, name); };
    Sought sought;
    sought.deadline = base::parse_rfc3339(text("deadline"));
    if (endpoint.name == "AddOrder") {
        sought.kind = Sought::Kind::orders;
        sought.rows.push_back(order_of(text));
    } else if (endpoint.name == "AddOrderBatch") {
        sought.kind = Sought::Kind::orders;
        sought.rows = orders_of(parameters, text("pair"));
    } else if (endpoint.name == "AmendOrder") {
        sought.kind = Sought::Kind::amend;
        sought.txid = text("txid");
        if (const std::string id = text("cl_ord_id"); !id.empty()) sought.order = {Tag::Kind::cl_ord_id, id};
        SoughtOrder& amended = sought.rows.emplace_back();
        amended.volume = text("order_qty");
        amended.price = text("limit_price");
        amended.price2 = text("trigger_price");
    } else if (endpoint.name == "EditOrder") {
        sought.kind = Sought::Kind::edit;
        sought.txid = text("txid");
        sought.rows.push_back(order_of(text));
    } else if (endpoint.name == "Withdraw" || endpoint.name == "WalletTransfer") {
        sought.kind = Sought::Kind::movement;
        sought.asset = text("asset");
        sought.amount = text("amount");
        sought.key = text("key");
        sought.rows.emplace_back();
    }
    return sought;
}

std::string Sought::tag_text() const {
    for (const SoughtOrder& row : rows) {
        if (row.tag.kind == Tag::Kind::userref) return R"({"userref":)" + row.tag.value + "}";
        if (row.tag.kind == Tag::Kind::cl_ord_id)
            return R"({"cl_ord_id":)" + protocol::quote(row.tag.value) + "}";
    }
    return "";
}

std::string to_json(const Sought& sought) {
    json::array rows;
    for (const SoughtOrder& row : sought.rows)
        rows.push_back(shown(row));
    json::object object{
        {"kind", name(sought.kind)},
        {"rows", std::move(rows)},
        {"order", shown(sought.order)},
        {"txid", sought.txid},
        {"asset", sought.asset},
        {"amount", sought.amount},
        {"key", sought.key},
    };
    if (sought.deadline) object["deadline"] = sought.deadline->time_since_epoch().count();
    if (sought.sent_at) object["sent_at"] = sought.sent_at->time_since_epoch().count();
    return json::serialize(object);
}

std::optional<Sought> parse_sought(std::string_view text) try {
    const json::value value = json::parse(text);
    const json::object& object = value.as_object();
    Sought sought;
    const auto kind = kind_named(text_in(object, "kind"));
    if (!kind) return std::nullopt;
    sought.kind = *kind;
    for (const json::value& row : object.at("rows").as_array())
        sought.rows.push_back(order_in(row.as_object()));
    sought.order = tag_in(object.at("order"));
    sought.txid = text_in(object, "txid");
    sought.asset = text_in(object, "asset");
    sought.amount = text_in(object, "amount");
    sought.key = text_in(object, "key");
    sought.deadline = time_in(object, "deadline");
    sought.sent_at = time_in(object, "sent_at");
    return sought;
} catch (const std::exception&) {
    // A newer program's, or a damaged one: then nothing can be found by it.
    return std::nullopt;
}

}  // namespace krakken::account
