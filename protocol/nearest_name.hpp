#pragma once

// For "did you mean": the known name that takes the fewest edits.

#include <string>
#include <string_view>
#include <vector>

namespace krakken::protocol {

// `known` is not empty.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

}  // namespace krakken::protocol
