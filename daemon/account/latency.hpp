#pragma once

// The latencies of an account's latest calls, for `status`.

#include <array>
#include <chrono>
#include <cstddef>

namespace krakken::account {

class Latency {
public:
    void add(std::chrono::microseconds duration);

    // The value below which `share` (0..1) of the latest calls stayed; zero when there was none.
    std::chrono::microseconds percentile(double share) const;

private:
    static constexpr std::size_t kept = 256;

    std::array<std::chrono::microseconds, kept> latest_{};
    std::size_t count_ = 0;  // of all calls ever
};

}  // namespace krakken::account
