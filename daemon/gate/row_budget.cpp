#include "gate/row_budget.hpp"

#include <algorithm>
#include <utility>

namespace krakken::gate {

bool RowBudget::take(std::chrono::microseconds now) {
    const auto used = std::max(used_until_, now);
    if (used - now > (at_once - 1) * per_row) {
        ++passed_over_;
        return false;
    }
    used_until_ = used + per_row;
    return true;
}

std::uint64_t RowBudget::take_passed_over() {
    return std::exchange(passed_over_, 0);
}

}  // namespace krakken::gate
