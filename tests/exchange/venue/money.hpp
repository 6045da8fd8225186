#pragma once

// Exact decimal amounts: money, prices and volumes never pass through a double.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace exchange {

// A signed decimal with 12 places after the point and at most 12 before it in input, so that the product of
// two inputs still fits. Results are cut toward zero at the twelfth place.
class Amount {
public:
    constexpr Amount() = default;

    // Plain notation only ("1", "-0.50"): no exponent, no leading '+', no blanks. Nothing when the text is
    // not that or does not fit without loss.
    static std::optional<Amount> parse(std::string_view text);
    // For tables written by hand; throws std::invalid_argument.
    static Amount of(std::string_view text);
    static Amount of_units(long long whole);

    // With exactly that many places, the rest cut off.
    std::string show(int places) const;

    Amount cut(int places) const;       // toward zero
    Amount raised(int places) const;    // away from zero
    Amount down_to(Amount step) const;  // the multiple of step at or below (for amounts >= 0)
    bool is_multiple_of(Amount step) const;
    bool has_at_most(int places) const;
    Amount times(Amount other) const;
    Amount over(Amount other) const;  // other must not be zero
    Amount percent(Amount rate) const { return times(rate).over(of_units(100)); }

    bool is_zero() const { return ticks_ == 0; }
    bool is_negative() const { return ticks_ < 0; }
    bool is_positive() const { return ticks_ > 0; }

    Amount operator-() const { return Amount(-ticks_); }
    Amount& operator+=(Amount other) { return ticks_ += other.ticks_, *this; }
    Amount& operator-=(Amount other) { return ticks_ -= other.ticks_, *this; }
    friend Amount operator+(Amount a, Amount b) { return a += b; }
    friend Amount operator-(Amount a, Amount b) { return a -= b; }
    friend bool operator==(Amount a, Amount b) { return a.ticks_ == b.ticks_; }
    friend std::strong_ordering operator<=>(Amount a, Amount b) {
        return a.ticks_ < b.ticks_   ? std::strong_ordering::less
               : a.ticks_ > b.ticks_ ? std::strong_ordering::greater
                                     : std::strong_ordering::equal;
    }

private:
    __extension__ typedef __int128 Ticks;
    constexpr explicit Amount(Ticks ticks) : ticks_(ticks) {}

    Ticks ticks_ = 0;  // units of 10^-12
};

}  // namespace exchange
