#include "tests/exchange/admission/rest_counter.hpp"

#include <algorithm>

namespace exchange::front {

namespace {

constexpr std::int64_t point = 1'000'000;

std::int64_t thousandths_per_second(Tier tier) {
    switch (tier) {
        case Tier::starter:
            return 330;
        case Tier::intermediate:
            return 500;
        case Tier::pro:
            return 1000;
    }
    return 0;
}

}  // namespace

std::int64_t RestCounter::maximum(Tier tier) {
    return tier == Tier::starter ? 15 : 20;
}

// A millisecond takes a whole number of millionths away, so nothing is lost by rounding, however often it is
// called.
void RestCounter::decay(Tier tier, std::int64_t step_ms, Time now) {
    using std::chrono::milliseconds;
    if (millionths_ == 0 || now < decayed_until_) {  // nothing to lose, or a clock that was set back
        decayed_until_ = now;
        return;
    }
    auto elapsed = std::chrono::floor<milliseconds>(now - decayed_until_);
    if (step_ms > 0) elapsed -= elapsed % milliseconds(step_ms);
    decayed_until_ += elapsed;
    millionths_ = std::max<std::int64_t>(0, millionths_ - elapsed.count() * thousandths_per_second(tier));
}

bool RestCounter::charge(std::int64_t cost, Tier tier, std::int64_t step_ms, Time now) {
    decay(tier, step_ms, now);
    if (cost > 0 && millionths_ + cost * point > maximum(tier) * point) return false;
    millionths_ += cost * point;
    return true;
}

void RestCounter::add(std::int64_t cost, Tier tier, std::int64_t step_ms, Time now) {
    decay(tier, step_ms, now);
    millionths_ = std::min(millionths_ + cost * point, 2 * maximum(tier) * point);
}

}  // namespace exchange::front
