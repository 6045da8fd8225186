#include "tests/exchange/admission/lockout.hpp"

namespace exchange::front {

bool Lockouts::locked(const std::string& subject, const Switches& switches, Time now) {
    const auto entry = entries_.find(subject);
    if (entry == entries_.end() || entry->second.until <= now) return false;
    if (switches.lockout_prolonged_by_calls) {
        entry->second.until = now + std::chrono::seconds(switches.lockout_seconds);
    }
    return true;
}

void Lockouts::failed(const std::string& subject, const Switches& switches, Time now) {
    if (switches.lockout_after == 0) return;
    if (entries_.size() >= limit) entries_.clear();
    Entry& entry = entries_[subject];
    if (++entry.failures < switches.lockout_after) return;
    entry.failures = 0;
    entry.until = now + std::chrono::seconds(switches.lockout_seconds);
}

}  // namespace exchange::front
