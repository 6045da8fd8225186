#include "account/order_touch.hpp"

#include "kraken/pair_name.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace krakken::account {

using protocol::JsonKind;
using What = Touch::What;

namespace {

using Fields = std::vector<kraken::Parameters::Field>;

constexpr auto endpoints = std::to_array<std::pair<std::string_view, What>>({
    {"AddOrder", What::add},
    {"AddOrderBatch", What::add_batch},
    {"AmendOrder", What::amend},
    {"EditOrder", What::edit},
    {"CancelOrder", What::cancel},
    {"CancelOrderBatch", What::cancel},
    {"CancelAll", What::cancel_all},
});

std::string text_of(std::string_view raw) {
    return protocol::kind_of(raw) == JsonKind::string ? protocol::decode_string(raw) : std::string(raw);
}

std::string_view raw_of(const Fields& fields, std::string_view name) {
    const auto field = std::ranges::find(fields, name, &kraken::Parameters::Field::name);
    return field == fields.end() ? std::string_view() : std::string_view(field->raw);
}

std::string text_of(const Fields& fields, std::string_view name) {
    const std::string_view raw = raw_of(fields, name);
    return raw.empty() ? std::string() : text_of(raw);
}

std::vector<std::string_view> items_of(std::string_view raw) {
    auto items = protocol::split_array(raw, protocol::max_request_depth);
    return items ? std::move(*items) : std::vector<std::string_view>();
}

// Kraken takes a userref where it takes an order's id; an id begins with a letter.
OrderName by_id(std::string text) {
    const bool number = !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
    return {number ? OrderName::Kind::userref : OrderName::Kind::txid, std::move(text)};
}

std::vector<OrderName> orders_of(const Fields& fields) {
    std::vector<OrderName> orders;
    if (auto txid = text_of(fields, "txid"); !txid.empty()) orders.push_back(by_id(std::move(txid)));
    if (auto name = text_of(fields, "cl_ord_id"); !name.empty())
        orders.push_back({OrderName::Kind::cl_ord_id, std::move(name)});
    for (const std::string_view item : items_of(raw_of(fields, "orders")))
        orders.push_back(by_id(text_of(item)));
    for (const std::string_view item : items_of(raw_of(fields, "cl_ord_ids")))
        orders.push_back({OrderName::Kind::cl_ord_id, text_of(item)});
    return orders;
}

// "post,fciq"
bool is_post_only(std::string_view flags) {
    return flags.contains("post");
}

void add_row(Touch& touch, std::string_view raw) {
    const auto members = protocol::split_object(raw, protocol::max_request_depth);
    const auto text = [&members](std::string_view name) {
        const auto* member = members ? protocol::find(*members, name) : nullptr;
        return member ? text_of(member->value) : std::string();
    };
    touch.added.push_back({text("cl_ord_id"), text("userref")});
    touch.post_only &= is_post_only(text("oflags"));
}

// A text, or the first of a list of texts.
std::string first_text(std::string_view raw) {
    if (protocol::kind_of(raw) == JsonKind::string) return protocol::decode_string(raw);
    const auto items = protocol::split_array(raw, protocol::max_reply_depth);
    return items && !items->empty() ? text_of(items->front()) : std::string();
}

std::string id_of(std::string_view row) {
    const auto members = protocol::split_object(row, protocol::max_reply_depth);
    const auto* id = members ? protocol::find(*members, "txid") : nullptr;
    return id ? first_text(id->value) : std::string();
}

}  // namespace

Touch touch_of(const protocol::Endpoint& endpoint, const kraken::Parameters& parameters) {
    const auto known = std::ranges::find(endpoints, endpoint.name, &decltype(endpoints)::value_type::first);
    if (known == endpoints.end()) return {};
    const Fields& fields = parameters.fields();
    Touch touch{known->second, kraken::canonical_pair(text_of(fields, "pair")), {}, {}, false};
    if (touch.what == What::add || touch.what == What::edit) {
        touch.added.push_back({text_of(fields, "cl_ord_id"), text_of(fields, "userref")});
        touch.post_only = is_post_only(text_of(fields, "oflags"));
    }
    if (touch.what == What::add_batch) {
        touch.post_only = true;
        for (const std::string_view row : items_of(raw_of(fields, "orders")))
            add_row(touch, row);
    } else if (touch.what != What::add) {
        touch.orders = orders_of(fields);
    }
    return touch;
}

std::vector<std::string> new_ids(const Touch& touch, std::string_view result) {
    std::vector<std::string> ids;
    if (touch.what != What::add_batch) {
        ids.push_back(id_of(result));
    } else if (const auto members = protocol::split_object(result, protocol::max_reply_depth)) {
        const auto* rows = protocol::find(*members, "orders");
        const auto items = rows ? protocol::split_array(rows->value, protocol::max_reply_depth)
                                : std::expected<std::vector<std::string_view>, protocol::JsonFault>();
        if (items)
            for (const std::string_view row : *items)
                ids.push_back(id_of(row));
    }
    ids.resize(touch.added.size());
    return ids;
}

}  // namespace krakken::account
