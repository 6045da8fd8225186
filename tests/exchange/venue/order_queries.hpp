#pragma once

// Endpoints that show orders, trades and positions.

#include "tests/exchange/venue/desk.hpp"

namespace exchange {

std::string open_orders(Desk& desk, Request& request);
std::string closed_orders(Desk& desk, Request& request);
std::string query_orders(Desk& desk, Request& request);
std::string order_amends(Desk& desk, Request& request);
std::string trades_history(Desk& desk, Request& request);
std::string query_trades(Desk& desk, Request& request);
std::string open_positions(Desk& desk, Request& request);

}  // namespace exchange
