#pragma once

// How a rule says no. Thrown by whatever checks a call, caught where the answer (or the row of a batch) is
// written.

#include <string>
#include <string_view>
#include <utility>

namespace exchange {

// Kraken's own error text, such as "EOrder:Insufficient funds". Not a std::exception: it is an answer, not a
// fault.
struct Refusal {
    std::string text;
};

[[noreturn]] inline void refuse(std::string text) {
    throw Refusal{std::move(text)};
}

[[noreturn]] inline void refuse_argument(std::string_view field) {
    throw Refusal{"EGeneral:Invalid arguments:" + std::string(field)};
}

}  // namespace exchange
