#pragma once

// The one table of endpoints: which permissions each needs, what it costs on the REST counter.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/exchange/admission/switches.hpp"
#include "tests/exchange/call.hpp"

namespace exchange::front {

struct Endpoint {
    std::string_view name;  // below /0/private/
    // Permissions as a formula: "a+b" = both, "a|b" = either, "" = any key. `overview` is what Kraken's
    // overview page says where that page and the endpoint's own page disagree.
    std::string_view needs;
    std::int64_t cost = 1;
    std::string_view overview = {};
};

std::span<const Endpoint> private_endpoints();

// nullptr = unknown method
const Endpoint* find_private(std::string_view name);
bool is_public(std::string_view name);

std::int64_t rest_cost(const Endpoint& endpoint, const Switches& switches);

bool permits(
    const Endpoint& endpoint,
    const Params& params,
    const std::vector<std::string>& granted,
    const Switches& switches
);

bool is_permission(std::string_view name);

}  // namespace exchange::front
