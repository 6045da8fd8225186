#pragma once

// Which of the orders that Kraken lists is the one that a lost call would have placed. Plain functions.
//
// What cannot be told is never taken for a "no": an order of the right tag whose pair or volume reads unlike
// the caller's words leaves the question open. Only an order that is plainly somebody else's is passed over.

#include "account/known_ids.hpp"
#include "account/sought.hpp"
#include "kraken/listed_orders.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::account {

// Something at Kraken that fits.
struct Trace {
    std::string id;       // txid, amend id, reference id
    std::string result;   // JSON: what the undisturbed call would have answered for this row
    bool living = false;  // an order that may still be filled
};

// What one round of look-ups shows of one row of a call.
struct Finding {
    std::vector<Trace> traces;  // each once
    bool unclear = false;       // something is there of which it cannot be told
    bool hidden = false;        // unclear for now: an order that has traded does not show yet

    bool is_one() const { return traces.size() == 1 && !unclear; }
    bool is_none() const { return traces.empty() && !unclear; }
};

// What is known beside Kraken's lists.
struct Claims {
    const KnownIds* known = nullptr;  // what other calls have left behind; none: nothing
    std::vector<Tag> contested = {};  // tags of other calls whose fate is open: what has one may be theirs

    bool knows(std::string_view id) const { return known && known->contains(id); }
};

// For each row of `sought`, a finding; by its kind, from orders, from the answer of OrderAmends, or from that
// of WithdrawStatus. Empty: the answer has not the expected shape.
std::vector<Finding> find_orders(
    const Sought& sought, const std::vector<kraken::ListedOrder>& listed, const Claims& claims
);
std::vector<Finding> find_edit(
    const Sought& sought, const std::vector<kraken::ListedOrder>& listed, const Claims& claims
);
std::optional<std::vector<Finding>> find_amend(
    const Sought& sought, std::string_view answer, const Claims& claims
);
std::optional<std::vector<Finding>> find_movement(
    const Sought& sought, std::string_view answer, const Claims& claims
);

// What the undisturbed call would have answered. Rows that were not placed beside others that were are told
// as Kraken tells a refused row, by a member `error`.
std::string result_of(const protocol::Endpoint& endpoint, const std::vector<Finding>& findings);

}  // namespace krakken::account
