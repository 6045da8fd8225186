#pragma once

// Log events: a stable name and named safe fields. Text of a request or a reply is not logged, but for
// Kraken's own error texts, cut and masked; and there is no field type for a secret. The room `app` decides
// where events go. Any thread, once the sink is set.

#include <concepts>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace krakken::base {

enum class LogLevel { trace, debug, info, warn, error };

struct LogField {
    std::string_view name;
    std::string value;

    LogField(std::string_view field, std::string text) : name(field), value(std::move(text)) {}
    LogField(std::string_view field, std::string_view text) : name(field), value(text) {}
    LogField(std::string_view field, const char* text) : name(field), value(text) {}
    LogField(std::string_view field, std::integral auto number)
        : name(field), value(std::to_string(number)) {}
};

using LogSink = std::function<void(LogLevel, std::string_view event, std::initializer_list<LogField>)>;

// Called once at start, before any other thread runs. Without a sink events go nowhere (unit tests).
void set_log_sink(LogSink sink);

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace krakken::base
