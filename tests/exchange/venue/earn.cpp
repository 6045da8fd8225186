#include "tests/exchange/venue/earn.hpp"

#include <algorithm>

#include "tests/exchange/venue/refusal.hpp"

namespace exchange {

const std::vector<Strategy>& strategies() {
    const auto of = [](std::string_view text) { return Amount::of(text); };
    static const std::vector<Strategy> all = {
        {"ESRFUO3-Q62XD-WIOIL7", "DOT", "DOT.B", "bonded", "8.0000", "12.0000", of("0.01"), of("10000"), 28},
        {"ESDQCOL-WTZEU-NU55QF", "XETH", "ETH.F", "instant", "2.5000", "3.5000", of("0.0001"), of("1000"), 0},
        {"ESMWVX6-JAPVY-23L3CV", "XXBT", "XBT.F", "flex", "0.1000", "0.1500", of("0.0001"), of("500"), 0},
        {"ESXUM7H-SJHQ6-KOQNNI", "SOL", "SOL.B", "bonded", "4.0000", "7.0000", of("0.01"), of("5000"), 3},
    };
    return all;
}

const Strategy& known_strategy(const std::string& id) {
    const auto found = std::ranges::find(strategies(), id, &Strategy::id);
    if (found == strategies().end()) refuse_argument("Invalid strategy ID");
    return *found;
}

Amount Earn::allocated(const std::string& account, const Strategy& strategy) const {
    return books_.balance(account, strategy.earn_asset);
}

void Earn::start(
    const std::string& account, const Strategy& strategy, Amount amount, bool allocate, Time now
) {
    if (!settings_.earn_tier_high_enough)
        refuse("EEarnings:Permission denied:The user's tier is not high enough");
    for (const auto& operation : operations_)
        if (!operation.over && operation.account == account && operation.strategy == &strategy)
            refuse("EEarnings:Busy:Another (de)allocation for the same strategy is in progress");
    if (amount < strategy.minimum)
        refuse("EEarnings:Below min:(De)allocation operation amount less than minimum");
    if (allocate && allocated(account, strategy) + amount > strategy.cap)
        refuse("EEarnings:Above max:The allocation exceeds user limit for the strategy");
    operations_.push_back({account, &strategy, amount, allocate, now + settings_.earn_operation});
}

bool Earn::pending(const std::string& account, const Strategy& strategy, bool allocate) const {
    const auto last =
        std::ranges::find_if(operations_.rbegin(), operations_.rend(), [&](const Operation& operation) {
            return operation.account == account && operation.strategy == &strategy &&
                   operation.allocate == allocate;
        });
    if (last == operations_.rend()) return false;
    if (last->failed)
        refuse("EEarnings:Insufficient funds:Insufficient funds to complete the (de)allocation request");
    return !last->over;
}

void Earn::finish(Operation& operation) {
    const auto& [account, strategy, amount, allocate, ends, over, failed] = operation;
    const std::string& from = allocate ? strategy->asset : strategy->earn_asset;
    const std::string& to = allocate ? strategy->earn_asset : strategy->asset;
    operation.over = true;
    operation.failed = amount > books_.free(account, from);
    if (operation.failed) return;
    const std::string refid = ids_.funding();
    books_.post(
        {account, from, -amount, {}, "transfer", allocate ? "spottostaking" : "stakingtospot", refid}, ends
    );
    books_.post(
        {account, to, amount, {}, "transfer", allocate ? "stakingfromspot" : "spotfromstaking", refid}, ends
    );
}

void Earn::advance(Time now) {
    for (auto& operation : operations_)
        if (!operation.over && operation.ends <= now) finish(operation);
}

}  // namespace exchange
