#include "kraken/listed_orders.hpp"

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <charconv>

namespace krakken::kraken {

namespace {

using protocol::JsonKind;
using protocol::JsonMember;
using Members = std::vector<JsonMember>;

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The text of a string or a number; empty for null, 0 and what is not there: Kraken writes all three for
// "none".
std::string text_of(const Members& members, std::string_view name) {
    const JsonMember* member = protocol::find(members, name);
    if (!member) return "";
    switch (protocol::kind_of(member->value)) {
        case JsonKind::string:
            return protocol::decode_string(member->value);
        case JsonKind::number:
            return member->value == "0" ? "" : std::string(member->value);
        default:
            return "";
    }
}

std::string raw_of(const Members& members, std::string_view name) {
    const JsonMember* member = protocol::find(members, name);
    const bool there = member && protocol::kind_of(member->value) == JsonKind::string;
    return there && member->value != R"("")" ? std::string(member->value) : "";
}

std::optional<ListedOrder> listed_order(const JsonMember& entry) {
    const auto members = protocol::split_object(entry.value, protocol::max_reply_depth);
    if (!members) return std::nullopt;
    const JsonMember* description = protocol::find(*members, "descr");
    if (!description) return std::nullopt;
    const auto words = protocol::split_object(description->value, protocol::max_reply_depth);
    if (!words) return std::nullopt;
    const std::string status = text_of(*members, "status");
    return ListedOrder{
        .txid = entry.name,
        .userref = text_of(*members, "userref"),
        .cl_ord_id = text_of(*members, "cl_ord_id"),
        .refid = text_of(*members, "refid"),
        .living = status == "open" || status == "pending",
        .opened_at = listed_time(text_of(*members, "opentm")),
        .pair = text_of(*words, "pair"),
        .side = text_of(*words, "type"),
        .type = text_of(*words, "ordertype"),
        .volume = text_of(*members, "vol"),
        .price = text_of(*words, "price"),
        .price2 = text_of(*words, "price2"),
        .order = raw_of(*words, "order"),
        .close = raw_of(*words, "close"),
    };
}

// Whole part without leading and fraction without trailing zeros. Empty: not plain.
std::optional<std::pair<std::string_view, std::string_view>> plain(std::string_view text) {
    const std::size_t point = text.find('.');
    std::string_view whole = text.substr(0, point);
    std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
    const bool has_whole = is_digits(whole) || (whole.empty() && !fraction.empty());
    if (!has_whole || !(fraction.empty() || is_digits(fraction))) return std::nullopt;
    whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
    const std::size_t last = fraction.find_last_not_of('0');
    return std::pair(whole, fraction.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

}  // namespace

std::optional<std::vector<ListedOrder>> listed_orders(std::string_view map) {
    const auto entries = protocol::split_object(map, protocol::max_reply_depth);
    if (!entries) return std::nullopt;
    std::vector<ListedOrder> orders;
    for (const JsonMember& entry : *entries) {
        auto order = listed_order(entry);
        if (!order) return std::nullopt;
        orders.push_back(std::move(*order));
    }
    return orders;
}

std::optional<base::Time> listed_time(std::string_view digits) {
    constexpr std::int64_t year_9999 = 253'402'300'799;
    const std::size_t point = digits.find('.');
    const std::string_view whole = digits.substr(0, point);
    std::string fraction(point == std::string_view::npos ? "" : digits.substr(point + 1));
    if (!is_digits(whole) || whole.size() > 12 || !(fraction.empty() || is_digits(fraction)))
        return std::nullopt;
    fraction.resize(6, '0');
    std::int64_t seconds = 0;
    std::int64_t microseconds = 0;
    std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
    std::from_chars(fraction.data(), fraction.data() + fraction.size(), microseconds);
    if (seconds == 0 || seconds > year_9999) return std::nullopt;
    return base::Time(std::chrono::seconds(seconds) + std::chrono::microseconds(microseconds));
}

std::optional<bool> same_decimal(std::string_view one, std::string_view other) {
    const auto first = plain(one);
    const auto second = plain(other);
    if (!first || !second) return std::nullopt;
    return *first == *second;
}

}  // namespace krakken::kraken
