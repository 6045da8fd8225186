#pragma once

// Where log events go: standard error, one line each, written by a thread of its own so that a slow reader of
// the log never holds up a call. When it cannot keep up the oldest lines are dropped.

#include <string>

namespace krakken::app {

// level: trace, debug, info, warn, error; format: text (event=... name=value) or json.
void start_logging(const std::string& level, const std::string& format);

// Writes what is left.
void stop_logging();

}  // namespace krakken::app
