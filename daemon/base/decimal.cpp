#include "base/decimal.hpp"

#include <algorithm>
#include <utility>

namespace krakken::base {

namespace {

constexpr std::size_t longest = 40;

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Decimal::Decimal(Digits digits, unsigned scale) : digits_(std::move(digits)), scale_(scale) {
    while (scale_ > 0 && digits_ % 10 == 0) {
        digits_ /= 10;
        --scale_;
    }
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
    if (text.size() > longest) return std::nullopt;
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view behind = point == std::string_view::npos ? "" : text.substr(point + 1);
    if (!is_digits(whole) || (point != std::string_view::npos && !is_digits(behind))) return std::nullopt;
    Digits digits = 0;
    for (const std::string_view part : {whole, behind})
        for (const char c : part)
            digits = digits * 10 + (c - '0');
    return Decimal(std::move(digits), static_cast<unsigned>(behind.size()));
}

Decimal Decimal::rounded_up(unsigned digits) const {
    if (scale_ <= digits) return *this;
    Digits rounded = digits_;
    for (unsigned scale = scale_; scale > digits; --scale)
        rounded /= 10;
    return {rounded + 1, digits};  // there was something to cut off, since no zeros are at the end
}

std::string Decimal::text() const {
    std::string text = digits_.str();
    if (scale_ == 0) return text;
    if (text.size() <= scale_) text.insert(0, scale_ + 1 - text.size(), '0');
    return text.insert(text.size() - scale_, ".");
}

Decimal::Digits Decimal::at_scale(unsigned scale) const {
    Digits digits = digits_;
    for (unsigned more = scale_; more < scale; ++more)
        digits *= 10;
    return digits;
}

Decimal operator+(const Decimal& one, const Decimal& other) {
    const unsigned scale = std::max(one.scale_, other.scale_);
    return {one.at_scale(scale) + other.at_scale(scale), scale};
}

Decimal operator-(const Decimal& larger, const Decimal& smaller) {
    const unsigned scale = std::max(larger.scale_, smaller.scale_);
    return {larger.at_scale(scale) - smaller.at_scale(scale), scale};
}

Decimal operator*(const Decimal& one, const Decimal& other) {
    return {one.digits_ * other.digits_, one.scale_ + other.scale_};
}

std::strong_ordering operator<=>(const Decimal& one, const Decimal& other) {
    const unsigned scale = std::max(one.scale_, other.scale_);
    const int difference = one.at_scale(scale).compare(other.at_scale(scale));
    return difference <=> 0;
}

}  // namespace krakken::base
