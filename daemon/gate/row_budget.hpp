#pragma once

// How many rows refusals may fill: a client in a loop must neither wear the disk out nor push what matters
// out of the audit. Sans-io.

#include <chrono>
#include <cstdint>

namespace krakken::gate {

class RowBudget {
public:
    // Whether there may be one more row at this moment, by a clock that never steps.
    bool take(std::chrono::microseconds now);
    // How many there were not, since this was last asked.
    std::uint64_t take_passed_over();

private:
    static constexpr std::int64_t at_once = 50;
    static constexpr std::chrono::microseconds per_row = std::chrono::seconds(1);  // behind those

    std::chrono::microseconds used_until_{};  // the time at which nothing is used up any more
    std::uint64_t passed_over_ = 0;
};

}  // namespace krakken::gate
