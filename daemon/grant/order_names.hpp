#pragma once

// Which orders a call means that are there already: for limits to one's own. What is not understood for
// certain is refused.

#include "kraken/parameters.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

#include <string>
#include <vector>

namespace krakken::grant {

// Whether such a call means orders that must be somebody's.
bool names_orders(const protocol::Endpoint& endpoint);

// Kraken's ids of them. forbidden, rule "limit:own-orders": it names an order in another way (by userref or
// cl_ord_id, which others may use, too), or in one that is not understood.
protocol::Result<std::vector<std::string>> orders_named(
    const protocol::Endpoint& endpoint, const kraken::Parameters& parameters
);

}  // namespace krakken::grant
