#pragma once

// Endpoints that move money in and out.

#include "tests/exchange/venue/desk.hpp"

namespace exchange {

std::string deposit_methods(Desk& desk, Request& request);
std::string deposit_addresses(Desk& desk, Request& request);
std::string deposit_status(Desk& desk, Request& request);
std::string withdraw_methods(Desk& desk, Request& request);
std::string withdraw_addresses(Desk& desk, Request& request);
std::string withdraw_info(Desk& desk, Request& request);
std::string withdraw(Desk& desk, Request& request);
std::string withdraw_status(Desk& desk, Request& request);
std::string withdraw_cancel(Desk& desk, Request& request);
std::string wallet_transfer(Desk& desk, Request& request);
std::string create_subaccount(Desk& desk, Request& request);
std::string account_transfer(Desk& desk, Request& request);

}  // namespace exchange
