#include "gate/usage.hpp"

#include <algorithm>
#include <utility>

namespace krakken::gate {

using base::Decimal;
using grant::Amount;

Usage::Usage(boost::asio::any_io_executor executor, state::StateStore& store)
    : executor_(std::move(executor)), store_(store) {
    for (const state::Intent& intent : store.intents_at_start()) {
        if (intent.state == state::IntentState::not_placed) continue;
        if (auto amount = Amount::parse(intent.notional))
            spend(intent.client, std::move(*amount), intent.sent_at);
    }
}

Usage::TimePoint Usage::room_for_a_call(const std::string& identity, unsigned limit, TimePoint now) const {
    const std::size_t counting = calls(identity, now);
    if (counting < limit) return now;
    if (limit == 0) return now + window;
    // Of those that count, the one whose end leaves room.
    const auto& all = calls_.at(identity);
    return all[all.size() - limit] + window;
}

void Usage::count_call(const std::string& identity, TimePoint now) {
    auto& calls = calls_[identity];
    while (!calls.empty() && calls.front() + window <= now)
        calls.pop_front();
    calls.push_back(now);
}

std::size_t Usage::calls(const std::string& identity, TimePoint now) const {
    const auto found = calls_.find(identity);
    if (found == calls_.end()) return 0;
    const auto counts = [now](TimePoint at) { return at + window > now; };
    return static_cast<std::size_t>(std::ranges::count_if(found->second, counts));
}

Decimal Usage::spent(const std::string& identity, const std::string& currency, base::Time now) const {
    Decimal sum;
    const auto found = spent_.find(identity);
    if (found == spent_.end()) return sum;
    for (const auto& each : found->second)
        if (each->counts && each->amount.currency == currency && each->at + day > now)
            sum = sum + each->amount.value;
    return sum;
}

std::shared_ptr<Usage::Spent> Usage::spend(const std::string& identity, Amount amount, base::Time now) {
    auto& all = spent_[identity];
    std::erase_if(all, [now](const auto& each) { return !each->counts || each->at + day <= now; });
    all.push_back(std::make_shared<Spent>(now, std::move(amount)));
    return all.back();
}

account::Turns& Usage::turns_of(const std::string& identity) {
    return turns_.try_emplace(identity, executor_, most_waiting).first->second;
}

}  // namespace krakken::gate
