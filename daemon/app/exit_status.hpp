#pragma once

// How the daemon ends: its exit statuses, to which the service manager's unit refers, and why it did not
// start.

#include "protocol/error.hpp"

#include <string>

namespace krakken::app {

inline constexpr int exit_drained = 0;
inline constexpr int exit_second_instance = 1;
inline constexpr int exit_bug = 70;            // EX_SOFTWARE: starting again may help
inline constexpr int exit_storage = 74;        // EX_IOERR
inline constexpr int exit_configuration = 78;  // EX_CONFIG

// Of a start that failed with this: storage where something could not be written, else configuration.
int status_of(const protocol::Error& error);

// Tells standard error why the daemon does not start, and what helps; returns `status`.
int fail(int status, const std::string& sentence);
int fail(int status, const protocol::Error& error);

}  // namespace krakken::app
