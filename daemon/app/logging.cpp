#include "app/logging.hpp"

#include "base/log.hpp"
#include "base/types.hpp"
#include "protocol/json_text.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

namespace krakken::app {

namespace {

using base::LogField;
using base::LogLevel;

// As the configuration calls them; spdlog would write "warning".
std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
            return "trace";
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warn:
            return "warn";
        case LogLevel::error:
            return "error";
    }
    std::unreachable();
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
            return spdlog::level::trace;
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    std::unreachable();
}

// A path may hold any bytes, JSON may not.
std::string quoted(std::string value) {
    if (!protocol::is_utf8(value)) std::ranges::replace_if(value, [](char c) { return c < 0; }, '?');
    return protocol::quote(value);
}

// A value with blanks, quotes or control characters is written as a JSON string, so that a line is always one
// line.
std::string text_value(const std::string& value) {
    const auto plain = [](char c) { return c > ' ' && c != '"' && c != '=' && c != 0x7f; };
    return !value.empty() && std::ranges::all_of(value, plain) ? value : quoted(value);
}

std::string text_line(
    const std::string& time, LogLevel level, std::string_view event, std::initializer_list<LogField> fields
) {
    std::string line = time + ' ' + std::string(name_of(level)) + " event=" + std::string(event);
    for (const LogField& field : fields)
        line += ' ' + std::string(field.name) + '=' + text_value(field.value);
    return line;
}

std::string json_line(
    const std::string& time, LogLevel level, std::string_view event, std::initializer_list<LogField> fields
) {
    std::string line = R"({"time":)" + protocol::quote(time) + R"(,"level":)" +
                       protocol::quote(name_of(level)) + R"(,"event":)" + protocol::quote(event);
    for (const LogField& field : fields)
        line += ',' + protocol::quote(field.name) + ':' + quoted(field.value);
    return line + '}';
}

std::atomic<bool> json_format = false;

}  // namespace

void start_logging(const LogSettings& settings) {
    constexpr std::size_t waiting_lines = 1024;
    spdlog::init_thread_pool(waiting_lines, 1);
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto logger = std::make_shared<spdlog::async_logger>(
        "krakkend", std::move(sink), spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest
    );
    // The lines come complete with their times, so that a change of format never meets a line half-way.
    logger->set_pattern("%v");
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(logger);
    configure_logging(settings);
    base::set_log_sink(
        [logger](LogLevel event_level, std::string_view event, std::initializer_list<LogField> fields) {
            if (!logger->should_log(spdlog_level(event_level))) return;
            const auto write = json_format ? json_line : text_line;
            const std::string now =
                base::rfc3339(std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())
                );
            const std::string line = write(now, event_level, event, fields);
            logger->log(spdlog_level(event_level), spdlog::string_view_t(line));
        }
    );
}

void configure_logging(const LogSettings& settings) {
    json_format = settings.format == "json";
    spdlog::default_logger()->set_level(spdlog::level::from_str(settings.level));
}

void stop_logging() {
    base::set_log_sink(nullptr);
    spdlog::shutdown();
}

}  // namespace krakken::app
