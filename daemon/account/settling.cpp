#include "account/settling.hpp"

#include <algorithm>
#include <utility>

namespace krakken::account {

using std::chrono::microseconds;

Settling::Settling(const Sought& sought, Moment begun, Patience patience)
    : patience_(patience),
      deadline_(sought.deadline),
      can_be_seen_(
          sought.kind != Sought::Kind::nothing && sought.kind != Sought::Kind::validation &&
          !sought.rows.empty()
      ),
      begun_(begun.elapsed),
      next_pause_(patience.first_pause) {
    // Kraken takes none that is more than a minute ahead: this one says nothing.
    if (deadline_ && begun.kraken && *deadline_ > *begun.kraken + std::chrono::minutes(10)) deadline_.reset();
}

Settling::Step Settling::next(Moment now) {
    if (!can_be_seen_) return Unknown{{}, "Kraken shows nothing by which it could be found"};
    if (look_ || denied_) {
        const Step verdict = judge(now);
        if (!std::holds_alternative<Wait>(verdict)) return verdict;
    }
    if (pause_until_ && now.elapsed < *pause_until_) return Wait{*pause_until_ - now.elapsed};
    pause_until_.reset();
    if (fence_ == Fence::open && fence_due_) return AskFence{};
    if (deadline_ && !now.kraken && time_due_) return AskTime{};
    return LookUp{is_over(now)};
}

// Wait: nothing is proved yet.
Settling::Step Settling::judge(Moment now) const {
    if (look_) {
        const auto& findings = look_->findings;
        if (std::ranges::all_of(findings, &Finding::is_one)) return Placed{findings};
        if (look_->is_last) {
            const bool decided = std::ranges::all_of(findings, [](const Finding& finding) {
                return finding.is_one() || finding.is_none();
            });
            const bool may_be_fenced = fence_ == Fence::open
                                           ? now.elapsed < begun_ + in_line_ + patience_.for_a_fence
                                           : may_disprove() && !look_->behind_fence;
            if (decided && may_be_fenced) return Wait{};
            // It is another's, perhaps, that was placed just now.
            const bool some_hidden = std::ranges::any_of(findings, &Finding::hidden);
            if (some_hidden && left(now).value_or(microseconds(0)) > -patience_.shown_after) return Wait{};
            if (!decided || !may_disprove()) return Unknown{findings, why_unknown()};
            if (std::ranges::all_of(findings, &Finding::is_none)) return NotPlaced{};
            return Placed{findings};
        }
    }
    if (denied_) return Unknown{look_ ? look_->findings : std::vector<Finding>(), why_unknown()};
    return Wait{};
}

void Settling::fenced(std::optional<std::uint64_t> window, bool sees_all) {
    fence_ = Fence::passed;
    window_is_zero_ = window == 0;
    sees_all_ = sees_all;
}

void Settling::no_fence() {
    fence_ = Fence::impossible;
}

void Settling::looked(Moment begun, std::vector<Finding> findings, Moment now) {
    look_ = Look{std::move(findings), fence_ == Fence::passed, is_over(begun)};
    pause(now);
}

void Settling::look_failed(Moment now, bool denied) {
    denied_ = denied_ || denied;
    pause(now);
}

// Ever longer, but not past the moment from which on a look proves something.
void Settling::pause(Moment now) {
    const auto until_over = left(now);
    const bool soon = until_over && *until_over > microseconds(0) && *until_over < next_pause_;
    fence_due_ = time_due_ = true;
    pause_until_ = now.elapsed + (soon ? *until_over : next_pause_);
    next_pause_ = std::min(next_pause_ * 4, patience_.longest_pause);
}

// Whatever was accepted has been executed by now, and is to be seen.
bool Settling::is_over(Moment moment) const {
    const auto until_over = left(moment);
    return until_over && *until_over <= microseconds(0);
}

// Until then; empty: Kraken's time is not known.
std::optional<microseconds> Settling::left(Moment moment) const {
    if (!deadline_) return begun_ + patience_.on_its_way + patience_.shown_after - moment.elapsed;
    if (!moment.kraken) return std::nullopt;
    return *deadline_ + patience_.shown_after - *moment.kraken;
}

bool Settling::may_disprove() const {
    return fence_ == Fence::passed && window_is_zero_ && sees_all_ && deadline_;
}

std::string Settling::why_unknown() const {
    if (denied_) return "the key may not query orders, so it could not be looked up";
    const bool several = std::ranges::any_of(look_->findings, [](const Finding& finding) {
        return finding.unclear || finding.traces.size() > 1;
    });
    if (several) return "what was found at Kraken may be this call's or another's";
    if (fence_ != Fence::passed) return "it was not found, and its key can no longer be asked";
    if (!window_is_zero_)
        return "it was not found, and the key's nonce window is not 0, so that proves nothing";
    if (!sees_all_) return "it was not found, and the key does not see all times, so that proves nothing";
    return "it was not found, and without a deadline that proves nothing";
}

}  // namespace krakken::account
