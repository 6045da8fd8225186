#pragma once

// Why a call was not sent although nothing is wrong with its key.

#include "protocol/error.hpp"

#include <chrono>
#include <expected>

namespace krakken::account {

using Unsent = std::unexpected<protocol::Error>;

Unsent not_in_time();
Unsent too_many_waiting();
// Kraken's limits have room for it in that time at the earliest.
Unsent no_room(std::chrono::microseconds wait);
// Kraken's market takes no orders; perhaps again in that time.
Unsent market_closed(std::chrono::microseconds wait);
Unsent acted_since();    // a repeat, behind what its caller never meant it to concern
Unsent cancelled_all();  // a placement whose client has sent a CancelAll meanwhile

}  // namespace krakken::account
