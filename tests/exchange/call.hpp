#pragma once

// What the front of the exchange (TLS, HTTP, keys, nonces, counters) hands to the venue behind it (orders,
// money, public data), and what it gets back. Values only, so the venue is tested without a socket.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exchange {

// The exchange's own clock, which a test can move. Nanoseconds since the Unix epoch.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

struct Field;

// One parameter value as the client wrote it. Numbers keep their text: no amount passes through a double.
struct Param {
    enum class Kind { null, boolean, number, text, array, object };
    Kind kind = Kind::text;
    std::string text;            // boolean ("true"/"false"), number and text
    std::vector<Param> items;    // array
    std::vector<Field> members;  // object, in the client's order
};

// Name and value. Not a std::pair: libstdc++ 12 under Clang 19 cannot complete a pair of a type that holds
// such pairs.
struct Field {
    Field(std::string_view name, Param value) : first(name), second(std::move(value)) {}

    std::string first;
    Param second;
};

// The parameters of one call: form fields (all of kind text) or the members of a JSON body, without nonce and
// otp.
using Params = std::vector<Field>;

enum class Tier { starter, intermediate, pro };

// Who calls. Filled by the front after the key was found, its signature and nonce were good and its
// permissions held.
struct Caller {
    std::string account;  // name of the account in exchange.toml
    Tier tier = Tier::intermediate;
    std::vector<std::string> permissions;  // Kraken's API names, e.g. "query-funds"
};

struct Call {
    std::string_view endpoint;  // "Balance", "Earn/Allocate", "Ticker"
    const Params& params;
    const Caller* caller = nullptr;  // null on a public call
    Time now;
};

// The answer, before faults get at it. `result` is JSON text (absent when empty), except for RetrieveExport,
// whose zip bytes come with their own content type.
struct Answer {
    std::vector<std::string> errors;
    std::string result;
    std::string content_type = "application/json";
};

}  // namespace exchange
