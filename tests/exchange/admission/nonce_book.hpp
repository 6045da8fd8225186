#pragma once

// The nonces one key has used: strictly increasing, or within a window of nonce ticks below the highest.

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

namespace exchange::front {

class NonceBook {
public:
    std::uint64_t highest() const { return seen_.empty() ? 0 : *seen_.rbegin(); }

    // `window` is in nonce ticks, 0 = none. `repeats`: an exactly repeated nonce inside the window is let
    // through.
    bool acceptable(std::uint64_t nonce, std::uint64_t window, bool repeats) const;

    void record(std::uint64_t nonce);
    // As if it had not been recorded; only for the newest.
    void forget(std::uint64_t nonce) { seen_.erase(nonce); }

private:
    static constexpr std::size_t limit = 65536;  // enough for any window of a test, and a bound on memory
    std::set<std::uint64_t> seen_;
};

// Decimal digits up to 2^64-1 and nothing else.
std::optional<std::uint64_t> parse_nonce(std::string_view text);

}  // namespace exchange::front
