#include "account/limits.hpp"

#include "account/unsent.hpp"

#include <algorithm>
#include <utility>

namespace krakken::account {

using protocol::Error;
using std::chrono::steady_clock;

Limits::Limits(const base::Clock& clock, base::Tier tier)
    : clock_(clock), budget_(std::make_shared<Budget>(tier, clock.elapsed())) {}

void Limits::configure(base::Tier tier, bool model) {
    budget_->configure(tier, model, clock_.elapsed());
}

Elapsed Limits::wait_for(const Key& key, const Line::Entry& entry) const {
    const Elapsed now = clock_.elapsed();
    const Elapsed of_key = key.lane()->rest().ready_at(*entry.endpoint, now);
    return std::max(of_key, budget_->ready_at(entry.ration->touch, now)) - now;
}

void Limits::take(const Line::Entry& entry) {
    entry.ration->hold = budget_->reserve(entry.ration->touch, clock_.elapsed());
}

std::optional<Error> Limits::refusal(const Keys& keys, const Line::Entry& entry, Line::TimePoint deadline)
    const {
    std::optional<Elapsed> shortest;
    for (const auto& key : keys.all()) {
        if (!key->lane()->serves()) continue;
        const Elapsed wait = wait_for(*key, entry);
        shortest = std::min(wait, shortest.value_or(wait));
    }
    if (!shortest || *shortest <= std::max(deadline - steady_clock::now(), steady_clock::duration(0)))
        return std::nullopt;
    return no_room(*shortest).error();
}

protocol::Result<Maintenance::Permit> Limits::permit(const Line::Entry& entry) {
    const Touch& touch = entry.ration->touch;
    const bool places = entry.endpoint->effect == protocol::Effect::place;
    if (!places || !budget_->on()) return Maintenance::no_order();
    auto permit = maintenance_->admit({touch.pair, touch.post_only}, clock_.elapsed());
    if (!permit) return market_closed(permit.error().wait);
    return std::move(*permit);
}

void Limits::settle(const Line::Entry& entry, Maintenance::Permit& permit, const kraken::Attempt& attempt) {
    entry.ration->hold.settle(attempt, clock_.elapsed());
    permit.settle(attempt, clock_.elapsed());
}

}  // namespace krakken::account
