#include "tests/exchange/venue/money.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <stdexcept>

namespace exchange {
namespace {

constexpr int all_places = 12;
constexpr std::size_t most_whole_digits = 12;
constexpr long long one = 1'000'000'000'000;

using Wide = boost::multiprecision::int256_t;
__extension__ typedef __int128 Ticks;

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Ticks unit_of(int places) {
    Ticks unit = 1;
    for (int i = places; i < all_places; ++i)
        unit *= 10;
    return unit;
}

}  // namespace

std::optional<Amount> Amount::parse(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const auto point = text.find('.');
    auto whole = text.substr(0, point);
    auto fraction = point == std::string_view::npos ? std::string_view("0") : text.substr(point + 1);
    if (!all_digits(whole) || !all_digits(fraction)) return {};
    while (whole.size() > 1 && whole.starts_with('0'))
        whole.remove_prefix(1);
    while (fraction.size() > 1 && fraction.ends_with('0'))
        fraction.remove_suffix(1);
    if (whole.size() > most_whole_digits || fraction.size() > all_places) return {};
    Ticks ticks = 0;
    for (char c : whole)
        ticks = ticks * 10 + (c - '0');
    for (std::size_t i = 0; i < all_places; ++i)
        ticks = ticks * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
    return Amount(negative ? -ticks : ticks);
}

Amount Amount::of(std::string_view text) {
    const auto amount = parse(text);
    if (!amount) throw std::invalid_argument("not an amount: " + std::string(text));
    return *amount;
}

Amount Amount::of_units(long long whole) {
    return Amount(Ticks(whole) * one);
}

std::string Amount::show(int places) const {
    Ticks rest = (ticks_ < 0 ? -ticks_ : ticks_) / unit_of(places);
    const bool negative = ticks_ < 0 && rest != 0;
    std::string text;
    for (int i = 0; i < places || rest != 0 || i == places; ++i) {
        if (i == places && places > 0) text.push_back('.');
        text.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
        rest /= 10;
    }
    if (negative) text.push_back('-');
    std::ranges::reverse(text);
    return text;
}

Amount Amount::cut(int places) const {
    return Amount(ticks_ - ticks_ % unit_of(places));
}

Amount Amount::raised(int places) const {
    const Amount below = cut(places);
    if (below == *this) return below;
    return is_negative() ? below - Amount(unit_of(places)) : below + Amount(unit_of(places));
}

Amount Amount::down_to(Amount step) const {
    return Amount(ticks_ - ticks_ % step.ticks_);
}

bool Amount::is_multiple_of(Amount step) const {
    return ticks_ % step.ticks_ == 0;
}

bool Amount::has_at_most(int places) const {
    return cut(places) == *this;
}

Amount Amount::times(Amount other) const {
    return Amount(static_cast<Ticks>(Wide(ticks_) * Wide(other.ticks_) / one));
}

Amount Amount::over(Amount other) const {
    return Amount(static_cast<Ticks>(Wide(ticks_) * one / Wide(other.ticks_)));
}

}  // namespace exchange
