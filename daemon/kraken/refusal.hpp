#pragma once

// What Kraken's error strings mean: from the texts of one answer to the contract's code, what was and was not
// done, and a remedy. The texts themselves are in meanings.hpp.

#include "base/types.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace krakken::kraken {

// Translates the errors of one answer; the gravest decides when there are several. `errors` is not empty.
// A text that leaves open whether a placement or movement of funds was executed makes it outcome_unknown;
// where the text is not known at all, so does its class decide: refusals by rule ("EOrder:") executed
// nothing, faults ("EGeneral:Internal error") may have.
// `now`: Kraken says until when it throttles, and callers want to know how long.
protocol::Error classify(std::vector<std::string> errors, const protocol::Endpoint& endpoint, base::Time now);

// Which of Kraken's limits an answer says to be exceeded.
struct Exceeded {
    bool calls = false;                                      // the key's, or the address's for a public call
    bool pair = false;                                       // changes of orders of the call's pair
    bool account = false;                                    // changes of orders of the whole account
    std::optional<std::chrono::seconds> throttled_for = {};  // no call of the key before that is over
};
Exceeded exceeded_limits(const std::vector<std::string>& errors, base::Time now);

// Does an answer say that the market of the order's pair, or all of it, takes no orders now?
enum class Closed { no, yes, but_for_post_only };
Closed closed_by(const std::vector<std::string>& errors);

// May the call that was answered so have been executed all the same? Asked for calls that are repeated, whose
// attempts are fresh: a refused nonce then leaves nothing open.
bool leaves_open(const std::vector<std::string>& errors);

// Turns the error of a call that acts once into outcome_unknown: it may have been executed. The remedy says
// where to look.
void leave_outcome_open(protocol::Error& error, const protocol::Endpoint& endpoint);

// May a lost or ambiguous answer to this call have moved an order or money?
bool acts_once(const protocol::Endpoint& endpoint);

}  // namespace krakken::kraken
