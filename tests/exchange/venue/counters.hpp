#pragma once

// The trading engine's rate counter: per account and pair, with costs that depend on an order's age.

#include <cstdint>
#include <map>
#include <string>

#include "tests/exchange/call.hpp"

namespace exchange {

enum class Penalty { amend, edit, cancel };

// Fixed cost plus the decaying part, in whole points. Bracket edges belong to the next bracket (age 5.0 s is
// "below 10 s").
int age_cost(Penalty what, std::chrono::nanoseconds age);

struct TradingLimits {
    int threshold;
    int decay_hundredths;  // per second
    int open_orders;       // per pair
};
TradingLimits trading_limits(Tier tier);

class TradingCounter {
public:
    // Above the threshold every further transaction is refused; one that itself passes it is still accepted.
    bool admits(const std::string& account, const std::string& pair, Tier tier, Time now);
    // Halves, because a batch of n new orders costs n/2.
    void charge_halves(const std::string& account, const std::string& pair, Tier tier, int halves, Time now);
    void charge(const std::string& account, const std::string& pair, Tier tier, int points, Time now) {
        charge_halves(account, pair, tier, 2 * points, now);
    }
    // Thousandths of a point.
    std::int64_t value(const std::string& account, const std::string& pair, Tier tier, Time now);

private:
    struct Count {
        std::int64_t billionths = 0;
        Time updated;
    };
    Count& decayed(const std::string& account, const std::string& pair, Tier tier, Time now);

    std::map<std::pair<std::string, std::string>, Count> counts_;
};

}  // namespace exchange
