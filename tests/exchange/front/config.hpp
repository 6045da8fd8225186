#pragma once

// exchange.toml: accounts, keys, switches and market settings. Strict: a name it does not know is an error
// with its line.

#include <expected>
#include <string>
#include <vector>

#include "tests/exchange/admission/keys.hpp"
#include "tests/exchange/admission/switches.hpp"
#include "tests/exchange/venue/settings.hpp"

namespace exchange::front {

struct Config {
    Switches switches;
    Settings market;
    KeyRing ring;
};

// The error is "line 12: ...".
std::expected<Config, std::string> parse_config(std::string_view text);

// A commented exchange.toml with three accounts and fresh random keys.
std::string example_config();

}  // namespace exchange::front
