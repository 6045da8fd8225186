#include "account/maintenance.hpp"

#include "kraken/refusal.hpp"

#include <algorithm>
#include <utility>

namespace krakken::account {

using kraken::Attempt;
using kraken::Closed;
using namespace std::chrono_literals;

namespace {

constexpr Elapsed first_backoff = 1s;
constexpr Elapsed longest_backoff = 30s;
const std::string everywhere;

}  // namespace

Maintenance::Permit::~Permit() {
    if (!maintenance_ || !probes_) return;
    const auto trouble = maintenance_->troubles_.find(*probes_);
    if (trouble != maintenance_->troubles_.end()) trouble->second.probing = false;
}

void Maintenance::Permit::settle(const Attempt& attempt, Elapsed now) {
    if (maintenance_) maintenance_->settle(*this, attempt, now);
}

std::expected<Maintenance::Permit, Maintenance::Refused> Maintenance::admit(
    Placement placement, Elapsed now
) {
    std::optional<std::string> probes;
    for (const std::string* where : {&everywhere, &std::as_const(placement.pair)}) {
        const auto found = troubles_.find(*where);
        if (found == troubles_.end() || probes) continue;
        const Trouble& trouble = found->second;
        if (trouble.post_only && placement.post_only) continue;
        if (now < trouble.until) return std::unexpected(Refused{trouble.until - now});
        if (trouble.probing) return std::unexpected(Refused{first_backoff});
        probes = *where;
    }
    if (probes) troubles_.at(*probes).probing = true;
    return Permit(shared_from_this(), std::move(placement), std::move(probes));
}

void Maintenance::settle(const Permit& permit, const Attempt& attempt, Elapsed now) {
    if (attempt.end != Attempt::End::answered) return;
    const Closed closed = kraken::closed_by(attempt.answer.errors);
    const auto& [pair, post_only] = permit.placement_;
    if (closed == Closed::no) {
        // What only a post-only order got through says nothing of the others.
        std::erase_if(troubles_, [&](const auto& each) {
            const bool concerned = each.first == everywhere || each.first == pair;
            return concerned && !(each.second.post_only && post_only);
        });
        return;
    }
    // Perhaps the pair alone is closed, unless SystemStatus has said more.
    if (permit.probes_ == everywhere)
        return begin(everywhere, closed == Closed::but_for_post_only, true, now);
    if (!pair.empty()) begin(pair, closed == Closed::but_for_post_only, permit.probes_.has_value(), now);
}

// Several placements may have been on their way when it began: that is one refusal. Only one that was sent to
// find out makes the next wait longer.
void Maintenance::begin(const std::string& where, bool post_only, bool probed, Elapsed now) {
    const auto [place, is_new] = troubles_.try_emplace(where, Trouble{first_backoff, now + first_backoff});
    Trouble& trouble = place->second;
    trouble.post_only = post_only;
    if (is_new || !probed) return;
    trouble.backoff = std::min(2 * trouble.backoff, longest_backoff);
    trouble.until = now + trouble.backoff;
}

void Maintenance::system_is(std::string_view status, Elapsed now) {
    if (status == "online") {
        troubles_.clear();
    } else if (status == "maintenance" || status == "cancel_only" || status == "post_only") {
        begin(everywhere, status == "post_only", false, now);
    }
}

}  // namespace krakken::account
