#pragma once

// Which endpoint is answered by which handler.

#include <string_view>

#include "tests/exchange/venue/desk.hpp"

namespace exchange {

struct Endpoint {
    std::string_view name;
    Handler handler;
    bool is_private;
};

// Null when there is no such method.
const Endpoint* find_endpoint(std::string_view name);

}  // namespace exchange
