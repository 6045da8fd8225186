#pragma once

// How a reply goes out: whole and well, or the way a fault wants it. No sockets here.

#include <cstdint>
#include <optional>
#include <string>

#include "tests/exchange/front/exchange.hpp"
#include "tests/exchange/front/faults.hpp"

namespace exchange::front {

struct Delivery {
    enum class Ending {
        keep,      // the connection stays
        shutdown,  // closed in order, as announced
        cut,       // closed without a word
        reset,     // TCP RST
        hold,      // neither answered nor closed
    };
    std::string bytes;
    std::size_t chunk = 0;  // bytes per interval, 0 = all at once
    std::int64_t interval_ms = 0;
    Ending ending = Ending::keep;
};

Reach reach_of(const Fault& fault);

Delivery plan_delivery(
    const Exchange& exchange, const Outcome& outcome, const std::optional<Fault>& fault, bool keep_alive
);

}  // namespace exchange::front
