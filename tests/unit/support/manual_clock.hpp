#pragma once

// A wall clock that stands where the test puts it.

#include "base/clock.hpp"

namespace krakken::test {

class ManualClock final : public base::Clock {
public:
    base::Time now() const override { return time; }

    base::Time time{std::chrono::seconds(1'700'000'000)};
};

}  // namespace krakken::test
