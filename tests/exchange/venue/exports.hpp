#pragma once

// Reports of trades and ledgers: ordered, waited for, fetched as a zip archive, removed.

#include <string>

#include "tests/exchange/venue/desk.hpp"

namespace exchange {

std::string add_export(Desk& desk, Request& request);
std::string export_status(Desk& desk, Request& request);
std::string retrieve_export(Desk& desk, Request& request);
std::string remove_export(Desk& desk, Request& request);

}  // namespace exchange
