#include "base/log.hpp"

#include <utility>

namespace krakken::base {

namespace {
LogSink& sink() {
    static LogSink the_sink;
    return the_sink;
}
}  // namespace

void set_log_sink(LogSink new_sink) {
    sink() = std::move(new_sink);
}

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    if (sink()) sink()(level, event, fields);
}

}  // namespace krakken::base
