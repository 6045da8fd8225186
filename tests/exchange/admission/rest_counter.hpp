#pragma once

// The REST call counter of one key: every call adds its cost, time takes it away again.

#include <cstdint>

#include "tests/exchange/call.hpp"

namespace exchange::front {

class RestCounter {
public:
    static std::int64_t maximum(Tier tier);

    // False = the cost does not fit; then nothing is added. `step_ms`: decay happens at multiples of this, 0
    // = continuously.
    bool charge(std::int64_t cost, Tier tier, std::int64_t step_ms, Time now);

    // Adds whether it fits or not, up to twice the maximum: calls that go on keep the key refused longer, but
    // not for ever.
    void add(std::int64_t cost, Tier tier, std::int64_t step_ms, Time now);

    std::int64_t thousandths() const { return millionths_ / 1000; }  // when it was last charged

private:
    void decay(Tier tier, std::int64_t step_ms, Time now);

    std::int64_t millionths_ = 0;
    Time decayed_until_{};
};

}  // namespace exchange::front
