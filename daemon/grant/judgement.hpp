#pragma once

// What a grant says of a call, as far as call and clock tell. What depends on Kraken or on earlier calls
// (notional, open orders, calls per minute, whose an order is) is asked by who makes the call.

#include "grant/grant.hpp"

#include <optional>
#include <vector>

namespace krakken::grant {

// forbidden, with data.rule and a sentence that says that nothing was sent:
// - "grant:accounts": another account;
// - "effect:fund", "effect:token": moving funds and handing out tokens need a right by name;
// - "right:NAME": the right that the call needs;
// - "limit:expires", "limit:hours", "limit:mode", "limit:pairs", "limit:side", "limit:order-types",
//   "limit:max-order-volume", "limit:own-orders", "limit:understood".
// The orders that it would place, where the grant limits orders. `account`: empty while nobody knows which
// one is meant.
Result<std::vector<OrderAsk>> judge(
    const Grant& grant,
    const protocol::Endpoint& endpoint,
    const kraken::Parameters& parameters,
    const std::optional<base::AccountName>& account,
    base::Time now
);

// A refusal by a grant.
protocol::Error refusal(std::string sentence, std::string_view rule);

}  // namespace krakken::grant
