#pragma once

// Endpoints that show balances, ledgers and volumes.

#include "tests/exchange/venue/desk.hpp"

namespace exchange {

std::string balance(Desk& desk, Request& request);
std::string balance_ex(Desk& desk, Request& request);
std::string credit_lines(Desk& desk, Request& request);
std::string trade_balance(Desk& desk, Request& request);
std::string ledgers(Desk& desk, Request& request);
std::string query_ledgers(Desk& desk, Request& request);
std::string trade_volume(Desk& desk, Request& request);
std::string web_sockets_token(Desk& desk, Request& request);

}  // namespace exchange
