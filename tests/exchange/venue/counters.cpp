#include "tests/exchange/venue/counters.hpp"

#include <algorithm>

namespace exchange {
namespace {

struct Bracket {
    int below_seconds;
    int amend;
    int edit;
    int cancel;
};
constexpr Bracket brackets[] = {
    {5, 3, 6, 8},
    {10, 2, 5, 6},
    {15, 1, 4, 5},
    {45, 0, 2, 4},
    {90, 0, 1, 2},
    {300, 0, 0, 1},
};
constexpr std::int64_t point = 1'000'000'000;

}  // namespace

int age_cost(Penalty what, std::chrono::nanoseconds age) {
    const int fixed = what == Penalty::cancel ? 0 : 1;
    for (const Bracket& bracket : brackets)
        if (age < std::chrono::seconds(bracket.below_seconds))
            return fixed + (what == Penalty::amend  ? bracket.amend
                            : what == Penalty::edit ? bracket.edit
                                                    : bracket.cancel);
    return fixed;
}

TradingLimits trading_limits(Tier tier) {
    switch (tier) {
        case Tier::starter:
            return {60, 100, 60};
        case Tier::intermediate:
            return {125, 234, 80};
        case Tier::pro:
            break;
    }
    return {180, 375, 225};
}

TradingCounter::Count& TradingCounter::decayed(
    const std::string& account, const std::string& pair, Tier tier, Time now
) {
    Count& count = counts_[{account, pair}];
    // An hour empties any counter, and keeps the product small.
    const auto elapsed =
        std::clamp(now - count.updated, Time::duration(0), Time::duration(std::chrono::hours(1)));
    count.billionths = std::max<std::int64_t>(
        0, count.billionths - elapsed.count() / 100 * trading_limits(tier).decay_hundredths
    );
    count.updated = std::max(count.updated, now);
    return count;
}

bool TradingCounter::admits(const std::string& account, const std::string& pair, Tier tier, Time now) {
    return decayed(account, pair, tier, now).billionths < trading_limits(tier).threshold * point;
}

void TradingCounter::charge_halves(
    const std::string& account, const std::string& pair, Tier tier, int halves, Time now
) {
    decayed(account, pair, tier, now).billionths += halves * (point / 2);
}

std::int64_t TradingCounter::value(const std::string& account, const std::string& pair, Tier tier, Time now) {
    return decayed(account, pair, tier, now).billionths / 1'000'000;
}

}  // namespace exchange
