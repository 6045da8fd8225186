#pragma once

// Finds the unit of a key that another program may have used before: Kraken refuses every nonce below that
// program's last one, so if it counted in a finer unit, ours would be refused for decades. Two refusals at
// least a second apart (one alone may be a late copy of an older call) move the key to the next finer unit.
// Sans-io; times are those of Clock::elapsed().

#include "base/types.hpp"

#include <chrono>
#include <optional>

namespace krakken::nonce {

class UnitSearch {
public:
    enum class Step {
        stand,    // no search, or no finer unit left: the refusal is what it says
        wait,     // another refusal counts only after wait_left()
        move_up,  // to the next finer unit
    };

    explicit UnitSearch(std::chrono::microseconds apart) : apart_(apart) {}

    // Also begins anew.
    void begin();
    // Kraken took a nonce, so the unit is right; or the operator has fixed it.
    void end() { active_ = false; }

    // Kraken refused a nonce of this unit.
    Step on_refused(base::NonceUnit unit, std::chrono::microseconds elapsed);
    std::chrono::microseconds wait_left(std::chrono::microseconds elapsed) const;

private:
    std::chrono::microseconds apart_;
    bool active_ = false;
    std::optional<std::chrono::microseconds> first_refused_;  // in the present unit
};

// There must be one: not of nanoseconds.
base::NonceUnit next_finer(base::NonceUnit unit);

}  // namespace krakken::nonce
