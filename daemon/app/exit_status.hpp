#pragma once

// The daemon's exit statuses; the service manager's unit refers to them.

namespace krakken::app {

inline constexpr int exit_drained = 0;
inline constexpr int exit_second_instance = 1;
inline constexpr int exit_bug = 70;            // EX_SOFTWARE: starting again may help
inline constexpr int exit_storage = 74;        // EX_IOERR
inline constexpr int exit_configuration = 78;  // EX_CONFIG

}  // namespace krakken::app
