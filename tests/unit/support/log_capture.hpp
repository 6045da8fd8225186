#pragma once

// What was logged while it lives.

#include "base/log.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::test {

class LogCapture {
public:
    struct Line {
        base::LogLevel level;
        std::string event;
        std::map<std::string, std::string> fields;
    };

    LogCapture() {
        base::set_log_sink([this](
                               base::LogLevel level,
                               std::string_view event,
                               std::initializer_list<base::LogField> fields
                           ) {
            Line& line = lines.emplace_back(level, std::string(event), std::map<std::string, std::string>{});
            for (const base::LogField& field : fields)
                line.fields.emplace(field.name, field.value);
        });
    }
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;
    ~LogCapture() { base::set_log_sink(nullptr); }

    std::vector<Line> of(std::string_view event) const {
        std::vector<Line> found;
        for (const Line& line : lines)
            if (line.event == event) found.push_back(line);
        return found;
    }

    std::vector<Line> lines;
};

}  // namespace krakken::test
