#pragma once

// Exact decimals that are not negative: volumes, prices, limits. Nothing is rounded but where it is asked
// for.

#include <boost/multiprecision/cpp_int.hpp>

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace krakken::base {

class Decimal {
public:
    Decimal() = default;  // zero

    // Digits with at most one point between them ("12", "0.50"), 40 characters at most. Empty for everything
    // else: signs, exponents, percent.
    static std::optional<Decimal> parse(std::string_view text);

    // With so many digits behind the point at most; what is cut off counts as one of the last.
    Decimal rounded_up(unsigned digits) const;

    // Plainly, without needless zeros.
    std::string text() const;
    bool is_zero() const { return digits_ == 0; }

    friend Decimal operator+(const Decimal& one, const Decimal& other);
    // Of a larger and a smaller one, or equal ones.
    friend Decimal operator-(const Decimal& larger, const Decimal& smaller);
    friend Decimal operator*(const Decimal& one, const Decimal& other);
    friend std::strong_ordering operator<=>(const Decimal& one, const Decimal& other);
    friend bool operator==(const Decimal& one, const Decimal& other) { return (one <=> other) == 0; }

private:
    using Digits = boost::multiprecision::cpp_int;

    Decimal(Digits digits, unsigned scale);
    Digits at_scale(unsigned scale) const;

    Digits digits_ = 0;
    unsigned scale_ = 0;  // how many of the digits stand behind the point
};

}  // namespace krakken::base
