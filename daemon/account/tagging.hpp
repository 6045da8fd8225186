#pragma once

// Gives a placement what it needs to be found again, where its caller gave none and Kraken's rules allow it:
// a tag that no other order has, and a deadline behind which Kraken refuses it.

#include "account/sought.hpp"
#include "base/types.hpp"
#include "kraken/parameters.hpp"
#include "protocol/endpoints.hpp"

#include <chrono>

namespace krakken::account {

// As `[placement] tag` names them.
enum class TagChoice { userref, cl_ord_id, none };

struct PlacementSettings {
    TagChoice tag = TagChoice::userref;
    std::chrono::seconds deadline{10};     // from its turn; Kraken takes 2 to 60 s
    std::chrono::seconds shown_after{15};  // how long an order may be missing from Kraken's lists
};

struct Tagged {
    kraken::Parameters parameters;
    Sought sought;
};

// A tag for each order that has none.
Tagged tagged(const protocol::Endpoint& endpoint, kraken::Parameters parameters, TagChoice choice);

// And the deadline, by Kraken's clock, where the call takes one and has none.
void set_deadline(const protocol::Endpoint& endpoint, Tagged& call, base::Time deadline);

}  // namespace krakken::account
