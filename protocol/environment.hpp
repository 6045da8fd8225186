#pragma once

// The process environment: reading it, and finding variables that were meant for us but are misspelt.

#include <functional>
#include <string>
#include <vector>

namespace krakken::protocol {

// Reads an environment variable; empty when it is missing or blank.
using Environment = std::function<std::string(const char* name)>;
std::string process_environment(const char* name);

// The names of all variables of this process; no values, since these may be secrets.
std::vector<std::string> environment_names();

struct MisspeltVariable {
    std::string name;
    std::string nearest;  // the known name that it resembles most
};

// Which of these names begin as ours do, or almost, and mean nothing to daemon or command line: each would be
// silently without effect.
std::vector<MisspeltVariable> misspelt_variables(const std::vector<std::string>& names);

}  // namespace krakken::protocol
