#pragma once

// Endpoints that place, change and cancel orders.

#include "tests/exchange/venue/desk.hpp"

namespace exchange {

std::string add_order(Desk& desk, Request& request);
std::string add_order_batch(Desk& desk, Request& request);
std::string amend_order(Desk& desk, Request& request);
std::string edit_order(Desk& desk, Request& request);
std::string cancel_order(Desk& desk, Request& request);
std::string cancel_order_batch(Desk& desk, Request& request);
std::string cancel_all(Desk& desk, Request& request);
std::string cancel_all_orders_after(Desk& desk, Request& request);

}  // namespace exchange
