#pragma once

// What the calls of one account keep to, beside its lanes: Kraken's limits on their number, and whether its
// market takes orders at all.

#include "account/budget.hpp"
#include "account/keys.hpp"
#include "account/line.hpp"
#include "account/maintenance.hpp"
#include "base/clock.hpp"
#include "protocol/error.hpp"

#include <memory>
#include <optional>

namespace krakken::account {

class Limits {
public:
    // `clock` must outlive it.
    Limits(const base::Clock& clock, base::Tier tier);
    // `model`: keep to the limits on the number of calls.
    void configure(base::Tier tier, bool model);

    // For the line: how long an entry has no room with this key, and that it takes it now.
    Elapsed wait_for(const Key& key, const Line::Entry& entry) const;
    void take(const Line::Entry& entry);

    // Why an entry need not wait until then: there will be no room. Or why it has waited in vain.
    std::optional<protocol::Error> refusal(
        const Keys& keys, const Line::Entry& entry, Line::TimePoint deadline
    ) const;

    // A call whose turn it is may be sent, or the market takes no orders now.
    protocol::Result<Maintenance::Permit> permit(const Line::Entry& entry);
    // How it ended.
    void settle(const Line::Entry& entry, Maintenance::Permit& permit, const kraken::Attempt& attempt);

    void system_is(std::string_view status) { maintenance_->system_is(status, clock_.elapsed()); }
    const Budget& budget() const { return *budget_; }

private:
    const base::Clock& clock_;
    std::shared_ptr<Budget> budget_;
    std::shared_ptr<Maintenance> maintenance_ = std::make_shared<Maintenance>();
};

}  // namespace krakken::account
