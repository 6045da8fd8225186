#include "grant/grant.hpp"

#include "kraken/pair_name.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace krakken::grant {

namespace {

// "08:30" as minutes since midnight.
std::optional<std::size_t> parse_minute(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    const auto number = [](std::string_view digits) -> std::optional<std::size_t> {
        std::size_t value = 0;
        const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
        return value;
    };
    const auto hour = number(text.substr(0, 2));
    const auto minute = number(text.substr(3));
    if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    return *hour * 60 + *minute;
}

// For limits that may be missing: whether `to` is wider than `from`.
template <class Limit>
bool raises(const std::optional<Limit>& from, const std::optional<Limit>& to) {
    return from && (!to || *to > *from);
}

bool raises(const std::optional<Amount>& from, const std::optional<Amount>& to) {
    return from && (!to || to->currency != from->currency || to->value > from->value);
}

// For lists of which an empty one means everything.
bool adds(const std::set<std::string>& from, const std::set<std::string>& to) {
    if (from.empty()) return false;
    return to.empty() || !std::ranges::includes(from, to);
}

bool adds_accounts(const Grant& from, const Grant& to) {
    if (from.all_accounts) return false;
    return to.all_accounts || !std::ranges::includes(from.accounts, to.accounts);
}

bool adds_rights(const Grant& from, const Grant& to) {
    return std::ranges::any_of(to.rights, [&from](Right right) { return !from.has(right); });
}

}  // namespace

std::optional<Amount> Amount::parse(std::string_view text) {
    const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
    const std::size_t begin = static_cast<std::size_t>(std::ranges::find_if(text, letter) - text.begin());
    const auto value = Decimal::parse(text.substr(0, begin));
    const std::string_view currency = text.substr(begin);
    if (!value || currency.empty() || currency.size() > 10 || !std::ranges::all_of(currency, letter))
        return std::nullopt;
    return Amount{*value, kraken::canonical_asset(currency)};
}

std::optional<Hours> Hours::parse(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto begin = parse_minute(text.substr(0, dash));
    const auto end = parse_minute(text.substr(dash + 1));
    if (!begin || !end || *begin == *end) return std::nullopt;
    Hours hours;
    hours.text_ = text;
    for (std::size_t minute = *begin; minute != *end; minute = (minute + 1) % minutes_of_a_day)
        hours.minutes_.set(minute);
    return hours;
}

bool Hours::contain(base::Time time) const {
    const auto since_midnight = time - std::chrono::floor<std::chrono::days>(time);
    return minutes_.test(
        static_cast<std::size_t>(std::chrono::floor<std::chrono::minutes>(since_midnight).count())
    );
}

bool Grant::has(Right right) const {
    return rights.contains(right) || (right == Right::cancel && rights.contains(Right::trade));
}

bool Grant::limits_orders() const {
    return !pairs.empty() || side || !order_types.empty() || max_order_volume || max_order_notional ||
           max_day_notional || max_open_orders;
}

Grant operators_grant(bool is_only_one) {
    Grant grant;
    grant.all_accounts = true;
    grant.rights = {Right::read, Right::trade, Right::export_};
    if (is_only_one) grant.rights.insert(Right::cancel_all);
    return grant;
}

bool widens(const Grant& from, const Grant& to) {
    const bool other_side = from.side && to.side != from.side;
    const bool more_hours = from.hours && (!to.hours || !from.hours->contain_all_of(*to.hours));
    return adds_accounts(from, to) || adds_rights(from, to) || adds(from.pairs, to.pairs) || other_side ||
           adds(from.order_types, to.order_types) || raises(from.max_order_volume, to.max_order_volume) ||
           raises(from.max_order_notional, to.max_order_notional) ||
           raises(from.max_day_notional, to.max_day_notional) ||
           raises(from.max_open_orders, to.max_open_orders) ||
           raises(from.max_calls_per_minute, to.max_calls_per_minute) ||
           (from.own_orders && !to.own_orders) || more_hours || raises(from.expires_at, to.expires_at) ||
           (from.validate_only && !to.validate_only);
}

}  // namespace krakken::grant
