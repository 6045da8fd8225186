#pragma once

// What an order may cost or bring at most, as far as prices tell: valued by the market, not only by what the
// caller says. A sale for less than the market pays brings the market's price; a purchase for more costs what
// was offered.

#include "base/decimal.hpp"
#include "grant/orders.hpp"
#include "protocol/error.hpp"

#include <string>

namespace krakken::grant {

// Of one pair, now.
struct Market {
    std::string quote;  // currency, as Kraken writes it in "XBT/USD"
    Decimal price;      // the highest of ask, bid and last trade
};

// In the market's quote currency. forbidden, rule "limit:understood": the order has a price that is relative
// to the market's, so nobody can tell.
protocol::Result<Decimal> notional(const OrderAsk& order, const Market& market);

}  // namespace krakken::grant
