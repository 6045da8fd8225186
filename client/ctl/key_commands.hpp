#pragma once

// The commands of the group `account` for accounts that have, or get, several keys.

#include <CLI/CLI.hpp>

#include "context.hpp"

namespace krakken::ctl {

void add_add_key(CLI::App& group, Context& context);
void add_replace_key(CLI::App& group, Context& context);

}  // namespace krakken::ctl
