#pragma once

// The world outside: a last price per pair that is a function of seed, pair and time alone, and a synthetic
// book around it.

#include "tests/exchange/call.hpp"
#include "tests/exchange/venue/money.hpp"
#include "tests/exchange/venue/pairs.hpp"
#include "tests/exchange/venue/settings.hpp"

namespace exchange {

enum class Side { buy, sell };

constexpr Side opposite(Side side) {
    return side == Side::buy ? Side::sell : Side::buy;
}

struct Level {
    Amount price;
    Amount volume;
};

class Market {
public:
    explicit Market(const Settings& settings) : settings_(settings), seed_(settings.seed) {}

    // A multiple of the tick, constant within one price step. A pinned price wins.
    Amount last(const Pair& pair, Time time) const;
    // One tick below and above the last price.
    Amount bid(const Pair& pair, Time time) const { return last(pair, time) - pair.tick; }
    Amount ask(const Pair& pair, Time time) const { return last(pair, time) + pair.tick; }
    // What one who wants to `taker` meets at depth `index` (0 is the best price).
    Level level(const Pair& pair, Side taker, int index, Time time) const;
    // Volume as public data shows it; matching uses Settings::fill_slice.
    Amount shown_volume(const Pair& pair, std::uint64_t salt) const;
    Amount usd_value(const std::string& asset_id, Amount amount, Time time) const;
    // The market price of one unit of base in units of quote, even when no such pair is listed.
    Amount rate(const std::string& base_id, const std::string& quote_id, Time time) const;

    std::uint64_t seed() const { return seed_; }

private:
    const Settings& settings_;
    std::uint64_t seed_;
};

}  // namespace exchange
