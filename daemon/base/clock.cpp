#include "base/clock.hpp"

#include "protocol/platform.hpp"

namespace krakken::base {

Time SystemClock::now() const {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::chrono::microseconds SystemClock::elapsed() const {
    return protocol::steady_time_with_sleep();
}

}  // namespace krakken::base
