#pragma once

// The one table of Kraken's spot REST endpoints: dispatch, policy, rate budget, retries and help read it.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace krakken::protocol {

enum class EndpointKind { public_, private_ };

// What a call does to the account; policy and retries decide by it.
enum class Effect {
    read,
    cancel,
    place,  // puts an order into the book or changes one
    fund,   // moves money
    token,  // hands out a credential
    other,
};

// What somebody must have been granted to make a call.
enum class Right {
    none,  // public calls
    read,
    trade,  // and cancel
    cancel,
    cancel_all,  // everyone's orders; also the dead man's switch
    export_,
    stream,  // a token with the authority of the whole account
    earn,
    deposit,
    withdraw,
    transfer,
    nobody,  // its answer holds what no message may
};

// How a private call's body is written.
enum class Body {
    flat,  // url-encoded fields; as JSON when a value is an array or object
    json,  // always as JSON: Kraken documents nothing else
};

struct Endpoint {
    std::string_view name;  // Kraken's own, e.g. "Earn/Strategies"
    EndpointKind kind;
    Effect effect;
    Right right;
    // Permissions of the key by Kraken's names in GetApiKeyInfo; "+" joins those needed together, "|"
    // alternatives; empty: none.
    std::string_view permission;
    unsigned cost;    // on the key's REST counter
    bool repeatable;  // safe to send again with a fresh nonce when the first answer was lost
    Body body = Body::flat;
    bool answers_file = false;  // where it is not refused; a refusal is JSON like everybody's
    // Without this parameter it only reads, see without_acting; empty: what it does does not depend on one.
    std::string_view acting_parameter = {};
};

std::span<const Endpoint> endpoints();

// Null when Kraken has no such endpoint. Names are case-sensitive, as at Kraken.
const Endpoint* find_endpoint(std::string_view name);

// The row that holds for a call whose acting parameter is off: one that only reads.
const Endpoint& without_acting(const Endpoint& endpoint);

std::string_view name(EndpointKind kind);
std::string_view name(Effect effect);
std::string_view name(Right right);  // as an operator writes it: "cancel-all"
// Those that can be granted.
std::span<const Right> grantable_rights();
std::optional<Right> parse_right(std::string_view name);

// "/0/private/Balance"; the text that is signed.
std::string path_of(const Endpoint& endpoint);

// Whether a key with these permissions may call what needs this one.
bool permits(std::span<const std::string> permissions, std::string_view permission);

// The permission as a person finds it on Kraken's page for API keys.
std::string permission_titles(std::string_view permission);

}  // namespace krakken::protocol
