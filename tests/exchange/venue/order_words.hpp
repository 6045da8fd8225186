#pragma once

// Reads the fields of a new order and refuses what its words alone forbid (section by section as the
// reference lists them).

#include "tests/exchange/venue/arguments.hpp"
#include "tests/exchange/venue/order.hpp"
#include "tests/exchange/venue/settings.hpp"

namespace exchange {

// The fields of AddOrder, or of one row of AddOrderBatch, except pair, deadline, validate and asset_class.
OrderWish read_order(Arguments& fields, const Settings& settings, Time now);

// Refuses what kraken does not take as client order id: a UUID with dashes, 32 hex digits, or up to 18 ASCII
// signs.
std::string read_cl_ord_id(Arguments& fields);
std::optional<std::int32_t> read_userref(Arguments& fields);
std::optional<PriceWish> read_price(Arguments& fields, std::string_view name);
// "deadline": within 2 to 60 seconds from now; EService:Deadline elapsed when it lies behind the matching
// engine's turn.
void check_deadline(Arguments& fields, const Settings& settings, Time now);
// "pair", required, and "asset_class" beside it.
const Pair& read_pair(Arguments& fields);

}  // namespace exchange
