#include "kraken/made_ids.hpp"

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>

namespace krakken::kraken {

namespace {

using protocol::JsonKind;

// Kraken's longest are 30 characters; secrets and keys are longer.
constexpr std::size_t longest_id = 40;
// Results that name what they made are short, as a batch has 15 orders at most.
constexpr std::size_t longest_result = 64 * 1024;

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= longest_id && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

// A string, or an array of them.
void add(std::string& ids, std::string_view value) {
    switch (protocol::kind_of(value)) {
        case JsonKind::string:
            if (const std::string id = protocol::decode_string(value); is_id(id))
                ids += (ids.empty() ? "" : ",") + id;
            break;
        case JsonKind::array:
            if (const auto items = protocol::split_array(value, protocol::max_reply_depth))
                for (const std::string_view item : *items)
                    if (protocol::kind_of(item) == JsonKind::string) add(ids, item);
            break;
        default:
            break;
    }
}

void add_named(std::string& ids, std::string_view object) {
    const auto members = protocol::split_object(object, protocol::max_reply_depth);
    if (!members) return;
    for (const std::string_view name : {"txid", "amend_id", "refid"})
        if (const auto* member = protocol::find(*members, name)) add(ids, member->value);
    // A batch's rows, in their order.
    const auto* orders = protocol::find(*members, "orders");
    if (!orders) return;
    if (const auto rows = protocol::split_array(orders->value, protocol::max_reply_depth))
        for (const std::string_view row : *rows)
            if (protocol::kind_of(row) == JsonKind::object) add_named(ids, row);
}

}  // namespace

std::string made_ids(std::string_view result) {
    std::string ids;
    if (result.size() <= longest_result) add_named(ids, result);
    return ids;
}

}  // namespace krakken::kraken
