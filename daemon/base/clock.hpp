#pragma once

// Time, as an interface, so that tests can step the wall clock back, freeze it or let it jump.

#include "base/types.hpp"

namespace krakken::base {

class Clock {
public:
    virtual ~Clock() = default;

    // The wall-clock time that nonces, one-time passwords and states follow. It may step.
    virtual Time now() const = 0;
    // Time since some fixed moment. It never steps, and goes on while the machine sleeps: what shows that the
    // wall clock did step.
    virtual std::chrono::microseconds elapsed() const = 0;
};

class SystemClock final : public Clock {
public:
    Time now() const override;
    std::chrono::microseconds elapsed() const override;
};

}  // namespace krakken::base
