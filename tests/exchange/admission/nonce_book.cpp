#include "tests/exchange/admission/nonce_book.hpp"

#include <charconv>

namespace exchange::front {

bool NonceBook::acceptable(std::uint64_t nonce, std::uint64_t window, bool repeats) const {
    if (nonce > highest()) return true;
    if (window == 0 || highest() - nonce > window) return false;
    return repeats || !seen_.contains(nonce);
}

void NonceBook::record(std::uint64_t nonce) {
    seen_.insert(nonce);
    if (seen_.size() > limit) seen_.erase(seen_.begin());
}

std::optional<std::uint64_t> parse_nonce(std::string_view text) {
    std::uint64_t nonce = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), nonce);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return nonce;
}

}  // namespace exchange::front
