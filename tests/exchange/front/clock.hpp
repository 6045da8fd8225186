#pragma once

// The exchange's clock: real time, moved or stopped by a test.

#include <chrono>
#include <optional>

#include "tests/exchange/call.hpp"

namespace exchange::front {

class Clock {
public:
    using Shift = std::chrono::nanoseconds;

    Time now() const { return frozen_ ? *frozen_ : real() + offset_; }
    Shift offset() const { return offset_; }
    bool frozen() const { return frozen_.has_value(); }

    // The distance from real time; a stopped clock jumps there and stays stopped.
    void set_offset(Shift offset) {
        offset_ = offset;
        if (frozen_) frozen_ = real() + offset_;
    }
    void set(Time time) {
        offset_ = time - real();
        if (frozen_) frozen_ = time;
    }
    void freeze() { frozen_ = now(); }
    // Goes on from where it stood.
    void thaw() {
        if (frozen_) offset_ = *frozen_ - real();
        frozen_.reset();
    }

private:
    static Time real() { return std::chrono::time_point_cast<Shift>(std::chrono::system_clock::now()); }

    Shift offset_{0};
    std::optional<Time> frozen_;
};

}  // namespace exchange::front
