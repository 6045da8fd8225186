#pragma once

// `account import`, which moves keys from the files of other programs into the vault.

#include <CLI/CLI.hpp>

#include "context.hpp"

namespace krakken::ctl {

void add_import(CLI::App& group, Context& context);

}  // namespace krakken::ctl
