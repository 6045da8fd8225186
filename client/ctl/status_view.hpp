#pragma once

// The result of `status` for people and for monitoring.

#include <string>
#include <string_view>

namespace krakken::ctl {

// `accounts` is the result of account.list, which knows what was validated.
std::string readable_status(std::string_view status, std::string_view accounts);

// Unlocked, and every account ready.
bool is_healthy(std::string_view status);

}  // namespace krakken::ctl
