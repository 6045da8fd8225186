#pragma once

// The wall-clock time that nonces, one-time passwords and states follow: an interface, so that tests can step
// it back, freeze it or let it jump.

#include "base/types.hpp"

namespace krakken::base {

class Clock {
public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
};

class SystemClock final : public Clock {
public:
    Time now() const override {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
};

}  // namespace krakken::base
