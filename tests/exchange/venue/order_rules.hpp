#pragma once

// What pair and market demand of a new or changed order, before any money is looked at.

#include "tests/exchange/venue/market.hpp"
#include "tests/exchange/venue/order.hpp"
#include "tests/exchange/venue/settings.hpp"

namespace exchange {

// EService:Unavailable, EService:Market in cancel_only mode, ... unless such an order may be placed now.
void check_market_open(const Settings& settings, const Pair& pair, const OrderWish& wish);

// An order with its prices resolved; refuses what breaks tick, decimals, minimums, leverage or index rules.
Order draft_order(
    const Settings& settings,
    const Market& market,
    const Pair& pair,
    const OrderWish& wish,
    const std::string& account,
    Tier tier,
    Time now
);

// The price a wish means. `hash` is the sign that '#' stands for; relative prices are cut to the tick.
Amount resolve_price(const PriceWish& wish, char hash, Amount reference, const Pair& pair);
// How far a trailing stop stays behind.
Amount trail_of(const PriceWish& wish, Amount reference);
void check_volume(const Settings& settings, const Pair& pair, Amount volume, Amount price);

}  // namespace exchange
