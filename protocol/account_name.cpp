#include "protocol/account_name.hpp"

#include <algorithm>

namespace krakken::protocol {

namespace {

constexpr std::size_t max_length = 64;

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// The bytes behind the first one of a character beyond ASCII.
bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

bool is_account_name(std::string_view text) {
    return !text.empty() && text.size() <= max_length && std::ranges::all_of(text, is_name_character);
}

std::string folded_account_name(std::string_view text) {
    std::string name;
    for (const char c : text) {
        if (continues_character(c)) continue;
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        name += is_name_character(lower) ? lower : '_';
    }
    return name;
}

}  // namespace krakken::protocol
