#include "gate/usage.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace krakken::gate {

using base::Decimal;
using grant::Amount;

Usage::Usage(boost::asio::any_io_executor executor, state::StateStore& store)
    : executor_(std::move(executor)), store_(store) {
    for (const state::Intent& intent : store.intents_at_start()) {
        if (intent.state == state::IntentState::not_placed) continue;
        if (const auto amount = Amount::parse(intent.notional)) spend(intent.client, *amount, intent.sent_at);
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

Decimal Usage::spent(const std::string& identity, const std::string& currency, base::Time now) {
    const auto found = days_.find({identity, currency});
    if (found == days_.end()) return {};
    Day& day = found->second;
    while (!day.amounts.empty() && day.amounts.front().first + counts_for <= now) {
        day.sum = day.sum - day.amounts.front().second;
        day.amounts.pop_front();
    }
    return day.sum;
}

void Usage::spend(const std::string& identity, const Amount& amount, base::Time at) {
    Day& day = days_[{identity, amount.currency}];
    day.sum = day.sum + amount.value;
    day.amounts.emplace_back(at, amount.value);
}

void Usage::give_back(const std::string& identity, const Amount& amount, base::Time at) {
    Day& day = days_[{identity, amount.currency}];
    // It was spent lately. Not there any more: its day is over.
    const auto spent =
        std::ranges::find(day.amounts.rbegin(), day.amounts.rend(), std::pair(at, amount.value));
    if (spent == day.amounts.rend()) return;
    day.sum = day.sum - amount.value;
    day.amounts.erase(std::next(spent).base());
}

account::Turns& Usage::turns_of(const std::string& identity) {
    return turns_.try_emplace(identity, executor_, most_waiting).first->second;
}

}  // namespace krakken::gate
