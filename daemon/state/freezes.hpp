#pragma once

// What a person has frozen: nothing but reads and cancels is done for it until it is thawed, over restarts.

#include "base/caller.hpp"
#include "base/types.hpp"

#include <string>

namespace krakken::state {

struct Freeze {
    std::string scope;  // "all", "account:master", "bot:scalper"
    std::string reason;
    base::Time at;
    base::Caller by;
};

}  // namespace krakken::state
