#pragma once

// What a command writes: results to standard output, all else to standard error.

#include <string>
#include <string_view>

#include "client/failure.hpp"

namespace krakken::ctl {

// The failure for a person: what went wrong, what was done and what was not, what to do.
std::string explain(const client::Failure& failure);

// One JSON document on standard output.
void print_json(std::string_view json);

void print(std::string_view text);
void print_error(std::string_view text);

}  // namespace krakken::ctl
