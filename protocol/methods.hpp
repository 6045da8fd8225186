#pragma once

// The one table of the daemon's methods: dispatch, parameter checks and help read it. Handlers are bound to
// it in the gate.

#include <span>
#include <string_view>

namespace krakken::protocol {

enum class SocketKind { client, admin };

// Which socket serves a method.
enum class Served { on_both, on_client, on_admin };

enum class ParameterType { string, integer, object };

struct Parameter {
    std::string_view name;
    ParameterType type;
    bool required;
};

struct Method {
    std::string_view name;
    Served served;
    // As a notification it is logged and not executed, because nobody could learn its fate.
    bool needs_answer;
    std::span<const Parameter> parameters;
    std::string_view summary;
};

std::span<const Method> methods();

// Null when there is none of that name on any socket.
const Method* find_method(std::string_view name);

bool is_served(const Method& method, SocketKind socket);

}  // namespace krakken::protocol
