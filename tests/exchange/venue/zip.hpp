#pragma once

// A zip archive with one file in it, stored as it is.

#include <string>
#include <string_view>

namespace exchange {

std::string zipped(std::string_view file_name, std::string_view content);

}  // namespace exchange
