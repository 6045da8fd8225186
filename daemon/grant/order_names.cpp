#include "grant/order_names.hpp"

#include "grant/judgement.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace krakken::grant {

using protocol::Effect;
using protocol::JsonKind;
using protocol::Result;

namespace {

// Of these two calls, which change one order that "txid" names.
constexpr auto harmless_in_changes = std::to_array<std::string_view>(
    {"cancel_response",
     "deadline",
     "display_qty",
     "displayvol",
     "limit_price",
     "oflags",
     "order_qty",
     "pair",
     "post_only",
     "price",
     "price2",
     "trigger_price",
     "validate",
     "volume"}
);

std::unexpected<protocol::Error> not_understood() {
    return std::unexpected(refusal(
        "this grant is for orders of its own alone, and they must be named by Kraken's ids (txid)",
        "limit:own-orders"
    ));
}

// "OABCDE-12345-FGHIJK"
bool is_order_id(std::string_view text) {
    const auto is_part = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; };
    return text.starts_with('O') && text.size() > 6 && std::ranges::all_of(text, is_part);
}

bool takes_several(const protocol::Endpoint& endpoint) {
    return endpoint.name == "CancelOrderBatch";
}

Result<std::vector<std::string>> ids_in(std::string_view raw) {
    if (protocol::kind_of(raw) != JsonKind::array) return not_understood();
    std::vector<std::string> ids;
    for (const std::string_view item : *protocol::split_array(raw, protocol::max_request_depth)) {
        if (protocol::kind_of(item) != JsonKind::string) return not_understood();
        ids.push_back(protocol::decode_string(item));
    }
    return ids;
}

}  // namespace

bool names_orders(const protocol::Endpoint& endpoint) {
    return endpoint.effect == Effect::cancel || endpoint.name == "AmendOrder" || endpoint.name == "EditOrder";
}

Result<std::vector<std::string>> orders_named(
    const protocol::Endpoint& endpoint, const kraken::Parameters& parameters
) {
    const bool changes = endpoint.effect == Effect::place;
    if (!changes && endpoint.name != "CancelOrder" && !takes_several(endpoint)) return not_understood();
    std::vector<std::string> ids;
    for (const kraken::Field& field : parameters.fields()) {
        if (field.name == "txid" && !takes_several(endpoint)) {
            ids.push_back(kraken::plain_text(field.raw));
        } else if (field.name == "orders" && takes_several(endpoint)) {
            auto several = ids_in(field.raw);
            if (!several) return several;
            ids = std::move(*several);
        } else if (!changes ||
                   std::ranges::find(harmless_in_changes, field.name) == harmless_in_changes.end()) {
            return not_understood();
        }
    }
    if (ids.empty() || !std::ranges::all_of(ids, is_order_id)) return not_understood();
    return ids;
}

}  // namespace krakken::grant
