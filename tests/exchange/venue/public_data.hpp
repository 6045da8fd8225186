#pragma once

// Public endpoints about time, assets, pairs and the market.

#include "tests/exchange/venue/desk.hpp"

namespace exchange {

std::string server_time(Desk& desk, Request& request);
std::string system_status(Desk& desk, Request& request);
std::string asset_info(Desk& desk, Request& request);
std::string asset_pairs(Desk& desk, Request& request);
std::string ticker(Desk& desk, Request& request);
std::string ohlc(Desk& desk, Request& request);
std::string depth(Desk& desk, Request& request);
std::string grouped_book(Desk& desk, Request& request);
std::string recent_trades(Desk& desk, Request& request);
std::string recent_spread(Desk& desk, Request& request);
std::string pre_trade(Desk& desk, Request& request);
std::string post_trade(Desk& desk, Request& request);
// Private, yet of the same kind: the book order by order.
std::string level3(Desk& desk, Request& request);

}  // namespace exchange
