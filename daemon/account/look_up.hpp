#pragma once

// One round of look-ups: everything at Kraken that could show what became of a call.

#include "account/settlement.hpp"

#include <vector>

namespace krakken::account {

struct Looked {
    std::vector<Finding> findings;
    std::optional<protocol::Error> failure;  // of a question that was not answered; then findings say nothing
};

// Asks in the order in which an order moves (open, closed, trades), so that none slips through between two
// questions. Trades are left out unless the round `decides`: they only show that something is still hidden.
// `others` is asked when all answers are there.
awaitable<Looked> look_up(
    const Sought& sought, bool decides, const AskKraken& ask, const Settlement::OtherCalls& others
);

}  // namespace krakken::account
