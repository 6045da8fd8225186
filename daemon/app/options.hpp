#pragma once

// The daemon's command line.

#include "protocol/paths.hpp"

#include <string>
#include <variant>

namespace krakken::app {

struct Options {
    protocol::PathChoices paths;
    std::string log_level;  // empty: what the configuration says
    bool check_config = false;
};

// The options, or the exit status where the command line was all there was to do (--help, --version, a
// mistake).
std::variant<Options, int> read_options(int argc, char** argv);

}  // namespace krakken::app
