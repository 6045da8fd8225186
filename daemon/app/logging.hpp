#pragma once

// Where log events go: standard error, one line each, written by a thread of its own so that a slow reader of
// the log never holds up a call. When it cannot keep up the oldest lines are dropped.

#include <string>

namespace krakken::app {

struct LogSettings {
    std::string level;   // trace, debug, info, warn, error
    std::string format;  // text (event=... name=value), json
};

void start_logging(const LogSettings& settings);

// Changes both from the next event on. The event loop's thread.
void configure_logging(const LogSettings& settings);

// Writes what is left.
void stop_logging();

}  // namespace krakken::app
