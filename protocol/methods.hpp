#pragma once

// The one table of the daemon's methods: dispatch, the check of arguments and `rpc.discover` read it.
// Handlers are bound to it in the gate.

#include "protocol/error.hpp"

#include <boost/json/value.hpp>
#include <cstdint>
#include <span>
#include <string_view>

namespace krakken::protocol {

enum class SocketKind { client, admin };

// Which socket serves a method.
enum class Served { on_both, on_client, on_admin };

enum class ParameterType { string, integer, boolean, object };

// A value is held to all of this before the handler sees it, but for the pattern, whose meaning the handler
// knows.
struct Parameter {
    std::string_view name;
    ParameterType type;
    bool required;
    std::string_view summary;                        // one line
    std::span<const std::string_view> choices = {};  // a string's; empty: any
    std::int64_t least = 0;                          // an integer's
    std::int64_t most = 0;
    std::string_view pattern = {};    // a string's, as JSON Schema writes it
    std::string_view otherwise = {};  // JSON that stands for an absent value; empty: nothing does
    bool secret = false;              // goes straight into protected memory, and nowhere else
};

struct Method {
    std::string_view name;
    Served served;
    // As a notification it is logged and not executed, because nobody could learn its fate.
    bool needs_answer;
    std::span<const Parameter> parameters;
    std::string_view summary;
    boost::json::value (*result)();     // JSON Schema of what it answers
    std::span<const ErrorCode> errors;  // that it may answer, besides common_errors()
};

std::span<const Method> methods();

// The errors that every method may answer.
std::span<const ErrorCode> common_errors();

// Null when there is none of that name on any socket.
const Method* find_method(std::string_view name);

bool is_served(const Method& method, SocketKind socket);

}  // namespace krakken::protocol
