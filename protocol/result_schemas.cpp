#include "result_schemas.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace krakken::protocol::result {

namespace json = boost::json;

namespace {

Schema type(std::string_view name) {
    return {{"type", name}};
}

Schema text() {
    return type("string");
}

Schema flag() {
    return type("boolean");
}

// Never below zero.
Schema count() {
    return {{"type", "integer"}, {"minimum", 0}};
}

Schema integer() {
    return type("integer");
}

Schema time() {
    return {{"type", "string"}, {"format", "date-time"}};
}

// Digits, because it may exceed what a double holds.
Schema nonce() {
    return {{"type", "string"}, {"pattern", "^[0-9]+$"}};
}

Schema key() {
    return {{"type", "string"}, {"pattern", "^[0-9a-f]{8}$"}};
}

// Of a row of the audit.
Schema hash() {
    return {{"type", "string"}, {"pattern", "^[0-9a-f]{64}$"}};
}

Schema one_of(std::initializer_list<std::string_view> words) {
    return {{"type", "string"}, {"enum", json::array(words.begin(), words.end())}};
}

Schema always(Schema value) {
    const std::string_view kind = value.is_bool() ? "boolean" : "string";
    return {{"type", kind}, {"const", std::move(value)}};
}

Schema list_of(Schema item) {
    return {{"type", "array"}, {"items", std::move(item)}};
}

// A name that ends in '?' may be left out.
Schema object(std::span<const std::pair<std::string_view, Schema>> members) {
    json::array required;
    json::object properties;
    for (auto [name, schema] : members) {
        if (name.ends_with('?')) {
            name.remove_suffix(1);
        } else {
            required.emplace_back(name);
        }
        properties[name] = schema;
    }
    return {{"type", "object"}, {"required", std::move(required)}, {"properties", std::move(properties)}};
}

Schema object(std::initializer_list<std::pair<std::string_view, Schema>> members) {
    return object(std::span(members.begin(), members.size()));
}

Schema source() {
    return one_of({"vault", "environment"});
}

Schema account_state() {
    return one_of({"ready", "auth_failed", "permission_denied", "nonce_conflict", "lockout", "storage_failed"}
    );
}

Schema counter() {
    return object({{"used", type("number")}, {"limit", type("number")}, {"decay_per_s", type("number")}});
}

// Named by key or pair.
Schema counters() {
    return {{"type", "object"}, {"additionalProperties", counter()}};
}

// What a grant says, with more members in front.
Schema grant_of(std::initializer_list<std::pair<std::string_view, Schema>> more) {
    std::vector<std::pair<std::string_view, Schema>> members(more);
    members.insert(
        members.end(),
        {
            {"account?", text()},
            {"accounts", list_of(text())},
            {"allow", list_of(text())},
            {"pairs?", list_of(text())},
            {"side?", one_of({"buy", "sell"})},
            {"order_types?", list_of(text())},
            {"max_order_volume?", text()},
            {"max_order_notional?", text()},
            {"max_day_notional?", text()},
            {"max_open_orders?", count()},
            {"max_calls_per_minute?", count()},
            {"own_orders?", flag()},
            {"hours?", text()},
            {"expires_at?", time()},
            {"mode", one_of({"live", "validate"})},
            {"left?", object({{"calls?", count()}, {"day_notional?", text()}})},
        }
    );
    return object(members);
}

Schema freeze() {
    return object({{"scope", text()}, {"reason", text()}, {"since", time()}});
}

Schema bot_keys() {
    return list_of(object({{"key", key()}, {"ends_at?", time()}}));
}

Schema account_in_status() {
    return object({
        {"name", text()},
        {"source", source()},
        {"hides_vault_entry?", flag()},
        {"state", account_state()},
        {"remedy?", text()},
        {"last_success_at?", time()},
        {"calls", count()},
        {"errors", count()},
        {"queued", count()},
        {"waiting", object({{"cancels", count()}, {"placements", count()}, {"reads", count()}})},
        {"in_flight", count()},
        {"settling?", count()},
        {"last_error?", text()},
        {"latency_ms", object({{"p50", type("number")}, {"p99", type("number")}})},
        {"budget?", object({{"rest", counters()}, {"pairs", counters()}})},
    });
}

}  // namespace

Schema pong() {
    return always("pong");
}

Schema yes() {
    return always(true);
}

Schema anything() {
    return {{"description", "Kraken's result, byte for byte"}};
}

Schema open_rpc() {
    return type("object");
}

Schema version() {
    return object({{"version", text()}, {"protocol", integer()}});
}

Schema status() {
    return object({
        {"summary", text()},
        {"state", one_of({"uninitialized", "locked", "unlocked"})},
        {"state_since", time()},
        {"version", text()},
        {"pid", integer()},
        {"uptime_s", count()},
        {"config", object({{"path", text()}})},
        {"vault", object({{"path", text()}, {"exists", flag()}})},
        {"upstream",
         object({
             {"base_url", text()},
             {"state", one_of({"unknown", "reachable", "unreachable"})},
             {"clock_offset_ms?", integer()},
         })},
        {"clients", count()},
        {"accounts", list_of(account_in_status())},
        {"public_budget?", counter()},
        {"frozen?", list_of(freeze())},
        {"protection",
         object({
             {"memory_locked", flag()},
             {"not_dumpable", flag()},
             {"no_core", flag()},
             {"no_new_privileges", flag()},
         })},
    });
}

Schema accounts() {
    return list_of(object({
        {"name", text()},
        {"source", source()},
        {"keys",
         list_of(object({
             {"key", key()},
             {"state", account_state()},
             {"validated", flag()},
             {"validated_at?", time()},
             {"remedy?", text()},
         }))},
    }));
}

Schema gateway() {
    return object({
        {"listen?", text()},
        {"tls?", flag()},
        {"url?", text()},
        {"ca_file?", text()},
        {"ca_pem?", text()},
    });
}

Schema profile() {
    return object({
        {"region", text()},
        {"capabilities",
         object({
             {"supports_margin", flag()},
             {"supports_futures", flag()},
             {"supports_staking", flag()},
         })},
    });
}

Schema endpoints() {
    return list_of(object({
        {"name", text()},
        {"kind", one_of({"public", "private"})},
        {"effect", one_of({"read", "cancel", "place", "fund", "token", "other"})},
        {"permission?", text()},
    }));
}

// A key has numbers from its first call on.
Schema nonces() {
    return list_of(object({
        {"account", text()},
        {"key", key()},
        {"unit?", one_of({"us", "10ns", "ns"})},
        {"last?", nonce()},
        {"reserved?", nonce()},
        {"lead_ms?", integer()},
        {"state", account_state()},
    }));
}

Schema intent() {
    return object({
        {"id", text()},
        {"account", text()},
        {"key", key()},
        {"client", text()},
        {"endpoint", text()},
        {"nonce", nonce()},
        {"state", one_of({"sent", "settling", "placed", "not_placed", "unknown"})},
        {"sent_at", time()},
        {"settled_at?", time()},
        {"deadline?", time()},
        {"tag?", type("object")},
        {"orders?", list_of(type("object"))},
        {"cancel_when_found?", flag()},
        {"reason?", text()},
        {"result?", anything()},
        {"error?", type("object")},
    });
}

Schema intents() {
    return list_of(intent());
}

Schema created() {
    return object({{"created", always(true)}});
}

Schema unlocked() {
    return object({{"state", always("unlocked")}, {"accounts", count()}});
}

Schema locked() {
    return object({{"state", always("locked")}});
}

Schema changed() {
    return object({{"changed", always(true)}});
}

// Of several keys at once: what holds for the account, then each.
Schema validation() {
    const auto each = object({
        {"key", key()},
        {"permissions?", list_of(text())},
        {"warnings", list_of(text())},
    });
    return object({
        {"name", text()},
        {"key", key()},
        {"validated", flag()},
        {"saved", flag()},
        {"permissions?", list_of(text())},
        {"warnings", list_of(text())},
        {"keys?", list_of(each)},
    });
}

Schema replacement() {
    return object({
        {"name", text()},
        {"key", key()},
        {"validated", flag()},
        {"saved", flag()},
        {"permissions?", list_of(text())},
        {"warnings", list_of(text())},
        {"retired", object({{"key", key()}, {"name_at_kraken?", text()}})},
        {"remedy", text()},
    });
}

Schema removed() {
    return object({{"removed", always(true)}});
}

Schema imported() {
    return object({{"account", text()}, {"last", nonce()}});
}

Schema reloaded() {
    return object({{"reloaded", always(true)}, {"needs_restart", list_of(text())}});
}

Schema bot() {
    return grant_of({{"name", text()}, {"keys", bot_keys()}});
}

Schema bot_with_key() {
    return grant_of({
        {"name", text()},
        {"keys", bot_keys()},
        {"api_key", text()},
        {"api_secret", text()},
        {"warnings?", list_of(text())},
    });
}

Schema bots() {
    return list_of(bot());
}

Schema granted() {
    return grant_of({{"holder", text()}, {"warnings?", list_of(text())}});
}

Schema grants() {
    return list_of(granted());
}

Schema revoked() {
    return object({{"revoked", always(true)}});
}

Schema frozen() {
    return object({
        {"frozen", freeze()},
        {"canceled?", type("object")},
        {"not_canceled?", type("object")},
    });
}

Schema thawed() {
    return object({{"thawed", text()}});
}

Schema identity() {
    return object({{"identity", text()}});
}

Schema whoami() {
    return object({
        {"identity", text()},
        {"grants", list_of(grant_of({{"holder", text()}}))},
        {"frozen", list_of(freeze())},
    });
}

Schema verdict() {
    return object({
        {"allowed", flag()},
        {"account?", text()},
        {"holder?", text()},
        {"rule?", text()},
        {"message?", text()},
        {"remedy?", text()},
    });
}

Schema audit_rows() {
    return list_of(object({
        {"row", count()},
        {"time", time()},
        {"uid", count()},
        {"pid", count()},
        {"program?", text()},
        {"what", text()},
        {"account?", text()},
        {"key?", key()},
        {"nonce?", nonce()},
        {"call_id?", text()},
        {"ids?", list_of(text())},
        {"outcome", text()},
        {"hash", hash()},
    }));
}

Schema audit_verdict() {
    return object({
        {"rows", count()},
        {"first", count()},
        {"last", count()},
        {"hash", hash()},
        {"ok", flag()},
        {"broken_at?", count()},
    });
}

}  // namespace krakken::protocol::result
