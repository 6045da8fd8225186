#include "account/latency.hpp"

#include <algorithm>

namespace krakken::account {

void Latency::add(std::chrono::microseconds duration) {
    latest_[count_++ % kept] = duration;
}

std::chrono::microseconds Latency::percentile(double share) const {
    const std::size_t filled = std::min(count_, kept);
    if (filled == 0) return {};
    auto sorted = latest_;
    const auto rank = std::min(static_cast<std::size_t>(share * static_cast<double>(filled)), filled - 1);
    std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.begin() + filled);
    return sorted[rank];
}

}  // namespace krakken::account
