#pragma once

// What `status` shows of Kraken's rate limits: decimals with three places, written here, since Boost.JSON
// would write 0.5 as 5E-1.

#include "account/account.hpp"
#include "account/accounts.hpp"

#include <string>

namespace krakken::gate {

// {"rest":{"3f9c21aa":{"used":1.250,"limit":20.000,"decay_per_s":0.500}},"pairs":{"XBTUSD":{...}}}, by key
// and by pair that something is counted on; empty where the budget is off.
std::string budget_text(const account::Account& account, account::Elapsed now);

// {"used":...} of the public calls; empty where the budget is off.
std::string budget_text(const account::PublicCalls& calls, account::Elapsed now);

}  // namespace krakken::gate
