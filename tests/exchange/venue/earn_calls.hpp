#pragma once

// Endpoints below Earn/.

#include "tests/exchange/venue/desk.hpp"

namespace exchange {

std::string earn_strategies(Desk& desk, Request& request);
std::string earn_allocations(Desk& desk, Request& request);
std::string earn_allocate(Desk& desk, Request& request);
std::string earn_deallocate(Desk& desk, Request& request);
std::string earn_allocate_status(Desk& desk, Request& request);
std::string earn_deallocate_status(Desk& desk, Request& request);

}  // namespace exchange
