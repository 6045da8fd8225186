// A grant as JSON.

#include "grant/grant.hpp"
#include "kraken/pair_name.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <functional>
#include <limits>
#include <utility>

namespace krakken::grant {

namespace json = boost::json;
using protocol::ErrorCode;

namespace {

std::unexpected<protocol::Error> unusable(std::string sentence) {
    return protocol::fail(ErrorCode::invalid_params, std::move(sentence));
}

// Calls take(text) for each string of a list; false: it is none, or one was not taken.
bool each_text(const json::value& value, const std::function<bool(std::string_view)>& take) {
    const json::array* list = value.if_array();
    if (!list) return false;
    for (const json::value& item : *list) {
        const json::string* text = item.if_string();
        if (!text || !take(*text)) return false;
    }
    return true;
}

std::string_view text_in(const json::value& value) {
    const json::string* text = value.if_string();
    return text ? std::string_view(*text) : std::string_view();
}

// For what is there or not, as T::parse or the like says.
template <class T>
bool set(std::optional<T>& field, std::optional<T> read) {
    field = std::move(read);
    return field.has_value();
}

bool set_count(std::optional<unsigned>& field, const json::value& value) {
    const std::int64_t* number = value.if_int64();
    if (!number || *number < 0 || *number > std::numeric_limits<int>::max()) return false;
    field = static_cast<unsigned>(*number);
    return true;
}

bool read_accounts(Grant& grant, const json::value& value) {
    return each_text(value, [&grant](std::string_view text) {
        const auto name = base::AccountName::parse(text);
        if (name) grant.accounts.insert(*name);
        return name.has_value();
    });
}

bool read_rights(Grant& grant, const json::value& value) {
    return each_text(value, [&grant](std::string_view text) {
        const auto right = protocol::parse_right(text);
        if (right) grant.rights.insert(*right);
        return right.has_value();
    });
}

bool read_pairs(Grant& grant, const json::value& value) {
    return each_text(value, [&grant](std::string_view text) {
        if (text.empty()) return false;
        grant.pairs.insert(kraken::canonical_pair(text));
        return true;
    });
}

bool read_order_types(Grant& grant, const json::value& value) {
    return each_text(value, [&grant](std::string_view text) {
        if (!is_order_type(text)) return false;
        grant.order_types.insert(std::string(text));
        return true;
    });
}

bool read_own_orders(Grant& grant, const json::value& value) {
    const bool* flag = value.if_bool();
    grant.own_orders = flag && *flag;
    return flag != nullptr;
}

bool read_mode(Grant& grant, const json::value& value) {
    grant.validate_only = text_in(value) == "validate";
    return grant.validate_only || text_in(value) == "live";
}

struct Member {
    std::string_view name;
    bool (*read)(Grant& grant, const json::value& value);
    std::string_view expected;
};

constexpr auto members = std::to_array<Member>({
    {"accounts", read_accounts, "a list of accounts' names"},
    {"allow",
     read_rights,
     "a list of read, trade, cancel, cancel-all, export, stream, earn, deposit, withdraw, transfer"},
    {"pairs", read_pairs, "a list of pairs, as [\"XBTUSD\"]"},
    {"side",
     [](Grant& grant, const json::value& value) { return set(grant.side, parse_side(text_in(value))); },
     "\"buy\" or \"sell\""},
    {"order_types", read_order_types, "a list of Kraken's order types, as [\"limit\"]"},
    {"max_order_volume",
     [](Grant& grant, const json::value& value) {
         return set(grant.max_order_volume, Decimal::parse(text_in(value)));
     },
     "a decimal in a string, as \"0.5\""},
    {"max_order_notional",
     [](Grant& grant, const json::value& value) {
         return set(grant.max_order_notional, Amount::parse(text_in(value)));
     },
     "an amount of a currency, as \"100USD\""},
    {"max_day_notional",
     [](Grant& grant, const json::value& value) {
         return set(grant.max_day_notional, Amount::parse(text_in(value)));
     },
     "an amount of a currency, as \"1000USD\""},
    {"max_open_orders",
     [](Grant& grant, const json::value& value) { return set_count(grant.max_open_orders, value); },
     "a whole number"},
    {"max_calls_per_minute",
     [](Grant& grant, const json::value& value) { return set_count(grant.max_calls_per_minute, value); },
     "a whole number"},
    {"own_orders", read_own_orders, "true or false"},
    {"hours",
     [](Grant& grant, const json::value& value) { return set(grant.hours, Hours::parse(text_in(value))); },
     "hours of the day in UTC, as \"08:00-17:30\""},
    {"expires_at",
     [](Grant& grant, const json::value& value) {
         return set(grant.expires_at, base::parse_rfc3339(std::string(text_in(value))));
     },
     "a time, as \"2030-01-31T12:00:00Z\""},
    {"mode", read_mode, "\"live\" or \"validate\""},
});

template <class Texts>
json::array array_of(const Texts& texts) {
    json::array list;
    for (const auto& text : texts)
        list.emplace_back(text);
    return list;
}

}  // namespace

std::string text_of(const Grant& grant) {
    json::object object;
    json::array accounts;
    for (const base::AccountName& account : grant.accounts)
        accounts.emplace_back(account.text());
    if (!grant.all_accounts) object["accounts"] = std::move(accounts);
    json::array rights;
    for (const Right right : grant.rights)
        rights.emplace_back(protocol::name(right));
    object["allow"] = std::move(rights);
    if (!grant.pairs.empty()) object["pairs"] = array_of(grant.pairs);
    if (grant.side) object["side"] = name(*grant.side);
    if (!grant.order_types.empty()) object["order_types"] = array_of(grant.order_types);
    if (grant.max_order_volume) object["max_order_volume"] = grant.max_order_volume->text();
    if (grant.max_order_notional) object["max_order_notional"] = grant.max_order_notional->text();
    if (grant.max_day_notional) object["max_day_notional"] = grant.max_day_notional->text();
    if (grant.max_open_orders) object["max_open_orders"] = *grant.max_open_orders;
    if (grant.max_calls_per_minute) object["max_calls_per_minute"] = *grant.max_calls_per_minute;
    if (grant.own_orders) object["own_orders"] = true;
    if (grant.hours) object["hours"] = grant.hours->text();
    if (grant.expires_at) object["expires_at"] = base::rfc3339(*grant.expires_at);
    object["mode"] = grant.validate_only ? "validate" : "live";
    return json::serialize(object);
}

Result<Grant> parse_grant(std::string_view text) {
    boost::system::error_code problem;
    const json::value value = json::parse(text, problem);
    const json::object* object = problem ? nullptr : value.if_object();
    if (!object) return unusable("a grant is a JSON object");
    Grant grant;
    for (const auto& [name, content] : *object) {
        const auto member = std::ranges::find(members, std::string_view(name), &Member::name);
        if (member == members.end()) return unusable("the grant has a member that is not known");
        if (!member->read(grant, content))
            return unusable(fmt::format("{} of a grant must be {}", member->name, member->expected));
    }
    return grant;
}

}  // namespace krakken::grant
