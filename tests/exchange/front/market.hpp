#pragma once

// The venue's settings by name, for the [market] table of exchange.toml and for POST /switches.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <expected>
#include <string>
#include <string_view>

#include "tests/exchange/venue/settings.hpp"

namespace exchange::front {

bool is_market_setting(std::string_view name);

// The error says what is allowed; nothing is changed then.
std::expected<void, std::string> set_market(
    Settings& settings, std::string_view name, const boost::json::value& value
);

boost::json::object market_to_json(const Settings& settings);

}  // namespace exchange::front
