#include "nonce/unit_search.hpp"

#include <utility>

namespace krakken::nonce {

using base::NonceUnit;
using std::chrono::microseconds;

void UnitSearch::begin() {
    active_ = true;
    first_refused_.reset();
}

UnitSearch::Step UnitSearch::on_refused(NonceUnit unit, microseconds elapsed) {
    if (!active_) return Step::stand;
    if (!first_refused_) {
        first_refused_ = elapsed;
        return Step::wait;
    }
    if (wait_left(elapsed) > microseconds(0)) return Step::wait;
    first_refused_.reset();
    if (unit != NonceUnit::nanoseconds) return Step::move_up;
    active_ = false;
    return Step::stand;
}

microseconds UnitSearch::wait_left(microseconds elapsed) const {
    return first_refused_ ? *first_refused_ + apart_ - elapsed : microseconds(0);
}

NonceUnit next_finer(NonceUnit unit) {
    switch (unit) {
        case NonceUnit::microseconds:
            return NonceUnit::ten_nanoseconds;
        case NonceUnit::ten_nanoseconds:
            return NonceUnit::nanoseconds;
        case NonceUnit::nanoseconds:
            break;
    }
    std::unreachable();
}

}  // namespace krakken::nonce
