#pragma once

// A clock that stands where the test puts it.

#include "base/clock.hpp"

namespace krakken::test {

class ManualClock final : public base::Clock {
public:
    base::Time now() const override { return time; }
    std::chrono::microseconds elapsed() const override { return passed; }

    // Time goes by. To step the wall clock alone, set `time`.
    void advance(std::chrono::microseconds by) {
        time += by;
        passed += by;
    }

    base::Time time{std::chrono::seconds(1'700'000'000)};
    std::chrono::microseconds passed{std::chrono::hours(1)};
};

}  // namespace krakken::test
