#pragma once

// How many public calls an address may make for one pair. Kraken publishes no number; the exchange's are
// switches.

#include <cstdint>
#include <map>
#include <string>

#include "tests/exchange/call.hpp"

namespace exchange::front {

class PublicLimit {
public:
    // True = the call fits. `who` is address and pair; `burst` 0 = no limit.
    bool charge(const std::string& who, std::int64_t burst, std::int64_t per_minute, Time now);

private:
    struct Used {
        std::int64_t thousandths = 0;
        Time since;
    };
    static constexpr std::size_t limit = 10000;  // subjects kept; beyond it all are forgiven
    std::map<std::string, Used> used_;
};

}  // namespace exchange::front
