#include "tests/exchange/admission/switches.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <optional>
#include <span>
#include <type_traits>
#include <variant>

namespace exchange::front {

namespace {

using Names = Switches::Names;
using Costs = Switches::Costs;
using Member = std::variant<
    bool Switches::*,
    std::int64_t Switches::*,
    std::string Switches::*,
    Names Switches::*,
    Costs Switches::*>;

struct Entry {
    std::string_view name;
    Member member;
    std::string_view allowed = {};  // the values of a text that has a choice, separated by blanks
};

constexpr std::string_view refusals =
    "lockout key address expiry body nonce_syntax signature nonce_order otp permission concurrency rate "
    "arguments business";

const std::array<Entry, 47> entries{{
    {"check_order", &Switches::check_order},
    {"nonce_used_on_refusal", &Switches::nonce_used_on_refusal, refusals},
    {"counted_on_refusal", &Switches::counted_on_refusal, refusals},
    {"lockout_on_refusal", &Switches::lockout_on_refusal, refusals},
    {"nonce_repeat_inside_window", &Switches::nonce_repeat_inside_window},
    {"nonce_above_int63", &Switches::nonce_above_int63},
    {"lockout_after", &Switches::lockout_after},
    {"lockout_seconds", &Switches::lockout_seconds},
    {"lockout_prolonged_by_calls", &Switches::lockout_prolonged_by_calls},
    {"lockout_scope", &Switches::lockout_scope, "address key"},
    {"max_concurrent", &Switches::max_concurrent},
    {"throttled_seconds", &Switches::throttled_seconds},
    {"rest_cost", &Switches::rest_cost},
    {"counter_step_ms", &Switches::counter_step_ms},
    {"rate_limit_as", &Switches::rate_limit_as, "json 429"},
    {"retry_after_seconds", &Switches::retry_after_seconds},
    {"public_burst", &Switches::public_burst},
    {"public_per_minute", &Switches::public_per_minute},
    {"permission_table", &Switches::permission_table, "strict overview"},
    {"new_address_needs_add_funds", &Switches::new_address_needs_add_funds},
    {"query_string", &Switches::query_string, "refuse ignore sign_with_mark sign_without_mark"},
    {"content_type_required", &Switches::content_type_required},
    {"user_agent_required", &Switches::user_agent_required},
    {"http_method_status", &Switches::http_method_status},
    {"unknown_method_status", &Switches::unknown_method_status},
    {"deallocate_status", &Switches::deallocate_status},
    {"result_on_error", &Switches::result_on_error, "absent empty null"},
    {"keep_alive_idle_ms", &Switches::keep_alive_idle_ms},
    {"text_lockout", &Switches::text_lockout},
    {"text_key", &Switches::text_key},
    {"text_address", &Switches::text_address},
    {"text_expiry", &Switches::text_expiry},
    {"text_content_type", &Switches::text_content_type},
    {"text_body", &Switches::text_body},
    {"text_query_string", &Switches::text_query_string},
    {"text_nonce", &Switches::text_nonce},
    {"text_signature", &Switches::text_signature},
    {"text_otp_missing", &Switches::text_otp_missing},
    {"text_otp_wrong", &Switches::text_otp_wrong},
    {"text_otp_unexpected", &Switches::text_otp_unexpected},
    {"text_permission", &Switches::text_permission},
    {"text_throttled", &Switches::text_throttled},
    {"text_rate", &Switches::text_rate},
    {"text_public_rate", &Switches::text_public_rate},
    {"text_unknown_method", &Switches::text_unknown_method},
    {"text_http_method", &Switches::text_http_method},
    {"text_user_agent", &Switches::text_user_agent},
}};

bool among(std::string_view allowed, std::string_view word) {
    while (!allowed.empty()) {
        const auto blank = allowed.find(' ');
        if (allowed.substr(0, blank) == word) return true;
        if (blank == std::string_view::npos) return false;
        allowed.remove_prefix(blank + 1);
    }
    return false;
}

// Every check exactly once; the nonce and the signature can only be judged once key and body are known.
std::optional<std::string> wrong_check_order(const Names& order) {
    const Names all = Switches{}.check_order;
    if (order.size() != all.size() || !std::ranges::is_permutation(order, all)) {
        return "check_order must name every check once";
    }
    const auto place = [&](std::string_view name) { return std::ranges::find(order, name); };
    for (const std::string& name : all) {
        if (name != "key" && name != "lockout" && name != "body" && name != "nonce_syntax" &&
            place(name) < place("key")) {
            return "check_order: key must come before " + name;
        }
    }
    for (const char* name : {"nonce_syntax", "signature", "nonce_order", "otp", "permission"}) {
        if (place(name) < place("body")) return std::string("check_order: body must come before ") + name;
    }
    if (place("signature") < place("nonce_syntax") || place("nonce_order") < place("nonce_syntax")) {
        return "check_order: nonce_syntax must come before signature and nonce_order";
    }
    return std::nullopt;
}

std::expected<Names, std::string> read_names(const Entry& entry, const boost::json::value& value) {
    if (!value.is_array()) return std::unexpected("must be a list of names");
    Names names;
    for (const boost::json::value& item : value.get_array()) {
        if (!item.is_string()) return std::unexpected("must be a list of names");
        names.emplace_back(item.get_string());
        if (!entry.allowed.empty() && !among(entry.allowed, names.back())) {
            return std::unexpected("allows only: " + std::string(entry.allowed));
        }
    }
    if (entry.name == "check_order") {
        if (auto wrong = wrong_check_order(names)) return std::unexpected(*wrong);
    }
    return names;
}

std::expected<Costs, std::string> read_costs(const boost::json::value& value) {
    if (!value.is_object()) return std::unexpected("must be an object of endpoint and cost");
    Costs costs;
    for (const auto& [endpoint, cost] : value.get_object()) {
        if (!cost.is_int64() || cost.get_int64() < 0)
            return std::unexpected("costs are whole numbers from 0");
        costs.emplace(endpoint, cost.get_int64());
    }
    return costs;
}

template <class Value>
std::expected<Value, std::string> read(const Entry& entry, const boost::json::value& value) {
    if constexpr (std::is_same_v<Value, bool>) {
        if (!value.is_bool()) return std::unexpected("must be true or false");
        return value.get_bool();
    } else if constexpr (std::is_same_v<Value, std::int64_t>) {
        if (!value.is_int64() || value.get_int64() < 0)
            return std::unexpected("must be a whole number from 0");
        return value.get_int64();
    } else if constexpr (std::is_same_v<Value, std::string>) {
        if (!value.is_string()) return std::unexpected("must be a text");
        std::string text(value.get_string());
        if (!entry.allowed.empty() && !among(entry.allowed, text)) {
            return std::unexpected("allows only: " + std::string(entry.allowed));
        }
        return text;
    } else if constexpr (std::is_same_v<Value, Names>) {
        return read_names(entry, value);
    } else {
        return read_costs(value);
    }
}

boost::json::value write(bool value) {
    return value;
}
boost::json::value write(std::int64_t value) {
    return value;
}
boost::json::value write(const std::string& value) {
    return boost::json::string(value);
}

boost::json::value write(const Names& value) {
    boost::json::array array;
    for (const std::string& name : value)
        array.emplace_back(name);
    return array;
}

boost::json::value write(const Costs& value) {
    boost::json::object object;
    for (const auto& [endpoint, cost] : value)
        object[endpoint] = cost;
    return object;
}

}  // namespace

std::expected<void, std::string> Switches::set(std::string_view name, const boost::json::value& value) {
    const auto entry = std::ranges::find(entries, name, &Entry::name);
    if (entry == entries.end()) return std::unexpected("there is no switch " + std::string(name));
    return std::visit(
        [&]<class Value>(Value Switches::* member) -> std::expected<void, std::string> {
            auto read_value = read<Value>(*entry, value);
            if (!read_value) return std::unexpected(std::string(name) + " " + read_value.error());
            this->*member = std::move(*read_value);
            return {};
        },
        entry->member
    );
}

boost::json::object Switches::to_json() const {
    boost::json::object object;
    for (const Entry& entry : entries) {
        object[entry.name] = std::visit([&](auto member) { return write(this->*member); }, entry.member);
    }
    return object;
}

bool contains(const Switches::Names& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace exchange::front
