#pragma once

// The orders that a call would place, as far as the limits of a grant look at them. What is not understood
// for certain is refused, since a limit must not be fooled.

#include "base/decimal.hpp"
#include "kraken/parameters.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::grant {

using base::Decimal;

enum class Side { buy, sell };

std::string_view name(Side side);
std::optional<Side> parse_side(std::string_view text);

// Kraken's types of orders, but for "settle-position", which says nothing of its size.
bool is_order_type(std::string_view text);

struct OrderAsk {
    std::string pair;  // as kraken::canonical_pair() has it
    Side side;
    std::string type;
    Decimal volume;                // of the pair's base
    std::vector<Decimal> prices;   // that it names plainly: limit, trigger
    bool prices_are_plain = true;  // false: one is relative to the market's
};

// Of an endpoint that places orders. forbidden, rule "limit:understood", with a sentence that names the
// parameter and not its value: another parameter than the usual ones, a volume in the quote currency, a
// conditional close, whatever is not written as Kraken documents it, a change of an order that is there.
protocol::Result<std::vector<OrderAsk>> read_orders(
    const protocol::Endpoint& endpoint, const kraken::Parameters& parameters
);

}  // namespace krakken::grant
