#pragma once

// Results of the daemon and of Kraken as a person reads them. No digit is changed.

#include <string>
#include <string_view>

namespace krakken::ctl {

// Kraken's `result`: a map of names to figures (Balance) as a table, anything else as the JSON that came.
std::string readable_result(std::string_view result);

// The result of account.add and account.validate.
std::string readable_validation(std::string_view result);

}  // namespace krakken::ctl
