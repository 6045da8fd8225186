#pragma once

// The one table of Kraken's error texts. For the inside of this room.

#include "protocol/error.hpp"

#include <chrono>
#include <cstddef>
#include <string_view>

namespace krakken::kraken {

// Does the text leave open whether the action happened?
enum class Fate { refused, open };
// Is the same request worth sending again later?
enum class Again { never, later };

struct Meaning {
    std::string_view text;  // as Kraken writes it: how the error begins, or a part of it
    protocol::ErrorCode code;
    Fate fate;
    Again again;
    std::string_view sentence;
    std::string_view remedy;
    // How long a caller does well to wait; 0: nobody knows.
    std::chrono::seconds wait{0};
};

// Spacing and letter case do not count, for Kraken's own vary. Never fails: what is not known by its whole
// text is known by its class, and the rest has a meaning of its own.
const Meaning& meaning_of(std::string_view error);

// How much a meaning says beside others of the same answer; the lowest speaks for all.
std::size_t rank(const Meaning& meaning);

}  // namespace krakken::kraken
