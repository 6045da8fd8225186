#pragma once

// Everything about Kraken's front door that its documentation does not fix, as values that can be changed
// while the exchange runs. The defaults are the strict reading. README.md tells what each one means; the
// table in switches.cpp is the one list of names.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace exchange::front {

struct Switches {
    using Names = std::vector<std::string>;
    using Costs = std::map<std::string, std::int64_t>;

    // The order of checks, and what a call that one of them refused leaves behind. "arguments" and "business"
    // stand for what the venue refuses after admission: EGeneral:Invalid arguments, and everything else.
    Names check_order{
        "lockout",
        "key",
        "address",
        "expiry",
        "body",
        "nonce_syntax",
        "signature",
        "nonce_order",
        "otp",
        "permission",
        "concurrency",
        "rate"
    };
    Names nonce_used_on_refusal{"otp", "permission", "concurrency", "rate", "arguments", "business"};
    Names counted_on_refusal{"nonce_order", "otp", "permission", "concurrency", "rate"};
    Names lockout_on_refusal{"key", "signature", "nonce_syntax", "nonce_order"};

    bool nonce_repeat_inside_window = false;
    bool nonce_above_int63 = true;

    std::int64_t lockout_after = 20;  // consecutive refusals, 0 = never
    std::int64_t lockout_seconds = 900;
    bool lockout_prolonged_by_calls = true;
    std::string lockout_scope = "address";

    std::int64_t max_concurrent = 10;  // requests of one key at the same time, 0 = no limit
    std::int64_t throttled_seconds = 5;
    Costs rest_cost;                          // by endpoint; what is not listed costs what endpoints.cpp says
    std::int64_t counter_step_ms = 2000;      // the counter decays in steps of this length, 0 = continuously
    std::string rate_limit_as = "json";       // or "429"
    std::int64_t retry_after_seconds = 0;     // of a 429, 0 = no such header
    std::int64_t public_burst = 0;            // calls per address and pair, 0 = no limit
    std::int64_t public_per_minute = 60;      // how fast the public burst is refilled
    std::string permission_table = "strict";  // "strict" = the endpoint pages, "overview" = the overview page
    bool new_address_needs_add_funds = true;

    std::string query_string = "refuse";  // or "ignore", "sign_with_mark", "sign_without_mark"
    bool content_type_required = true;
    bool user_agent_required = false;
    std::int64_t http_method_status = 200;
    std::int64_t unknown_method_status = 200;
    std::int64_t deallocate_status = 200;
    std::string result_on_error = "absent";  // or "empty", "null"
    std::int64_t keep_alive_idle_ms = 60000;

    std::string text_lockout = "EGeneral:Temporary lockout";
    std::string text_key = "EAPI:Invalid key";
    std::string text_address = "EGeneral:Permission denied";
    std::string text_expiry = "EAPI:Invalid key";
    std::string text_content_type = "EAPI:Bad request";
    std::string text_body = "EAPI:Bad request";
    std::string text_query_string = "EAPI:Bad request";
    std::string text_nonce = "EAPI:Invalid nonce";
    std::string text_signature = "EAPI:Invalid signature";
    std::string text_otp_missing = "EGeneral:Permission denied";
    std::string text_otp_wrong = "EAPI:Invalid signature";
    std::string text_otp_unexpected =
        "EAPI:Invalid signature";  // empty = an otp the key does not need is ignored
    std::string text_permission = "EGeneral:Permission denied";
    std::string text_throttled = "EService: Throttled: {time}";
    std::string text_rate = "EAPI:Rate limit exceeded";
    std::string text_public_rate = "EGeneral:Too many requests";
    std::string text_unknown_method = "EGeneral:Unknown method";
    std::string text_http_method = "EGeneral:Unknown method";
    std::string text_user_agent = "EAPI:Bad request";

    // Changes one switch; the error says what is allowed. Nothing is changed on an error.
    std::expected<void, std::string> set(std::string_view name, const boost::json::value& value);
    boost::json::object to_json() const;
};

bool contains(const Switches::Names& names, std::string_view name);

}  // namespace exchange::front
