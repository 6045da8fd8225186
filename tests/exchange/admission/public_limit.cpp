#include "tests/exchange/admission/public_limit.hpp"

#include <algorithm>

namespace exchange::front {

bool PublicLimit::charge(const std::string& who, std::int64_t burst, std::int64_t per_minute, Time now) {
    if (burst == 0) return true;
    if (used_.size() >= limit) used_.clear();
    Used& used = used_.try_emplace(who, 0, now).first->second;
    const auto elapsed = std::chrono::floor<std::chrono::milliseconds>(now - used.since).count();
    used.thousandths -= std::max<std::int64_t>(0, elapsed) * per_minute / 60;
    used.thousandths = std::max<std::int64_t>(0, used.thousandths);
    used.since = now;
    if (used.thousandths + 1000 > burst * 1000) return false;
    used.thousandths += 1000;
    return true;
}

}  // namespace exchange::front
