// app/logging: what reaches standard error.

#include "app/logging.hpp"

#include "base/log.hpp"
#include "protocol/json_text.hpp"
#include "support/scratch.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>

namespace {

using namespace krakken;
using base::log;
using base::LogLevel;

// The lines that were written while `work` ran.
std::vector<std::string> lines(
    const std::string& level, const std::string& format, const std::function<void()>& work
) {
    const test::Scratch scratch;
    const auto file = scratch.file("stderr", "");
    const int kept = ::dup(STDERR_FILENO);
    const int taken = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    ::dup2(taken, STDERR_FILENO);
    app::start_logging({level, format});
    work();
    app::stop_logging();
    ::dup2(kept, STDERR_FILENO);
    ::close(kept);
    ::close(taken);
    std::vector<std::string> all;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);)
        all.push_back(line);
    return all;
}

// The line behind its time.
std::string without_time(const std::string& line) {
    return line.substr(line.find(' ') + 1);
}

std::string every_byte() {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte)
        bytes += static_cast<char>(byte);
    return bytes;
}

}  // namespace

TEST_CASE("a text line is level, event and fields") {
    const auto written = lines("trace", "text", [] {
        log(LogLevel::trace, "a");
        log(LogLevel::debug, "b", {{"n", 5}});
        log(LogLevel::info, "c.d", {{"text", "plain"}, {"more", "two words"}});
        log(LogLevel::warn, "e", {{"empty", ""}, {"quoted", "a\"b"}, {"equal", "a=b"}});
        log(LogLevel::error, "f", {{"lines", "a\nb\r\tc"}});
    });
    REQUIRE(written.size() == 5);
    CHECK(without_time(written[0]) == "trace event=a");
    CHECK(without_time(written[1]) == "debug event=b n=5");
    CHECK(without_time(written[2]) == "info event=c.d text=plain more=\"two words\"");
    CHECK(without_time(written[3]) == R"(warn event=e empty="" quoted="a\"b" equal="a=b")");
    CHECK(without_time(written[4]) == R"(error event=f lines="a\nb\r\tc")");
    CHECK(written[0].substr(19, 1) == ".");
    CHECK(written[0].substr(23, 2) == "Z ");
}

TEST_CASE("a JSON line is one object with time, level, event and fields") {
    const auto written =
        lines("info", "json", [] { log(LogLevel::warn, "e", {{"text", "a\n\"b\" %v {}"}, {"n", -5}}); });
    REQUIRE(written.size() == 1);
    const auto object = boost::json::parse(written[0]).as_object();
    CHECK(object.at("level") == "warn");
    CHECK(object.at("event") == "e");
    CHECK(object.at("text") == "a\n\"b\" %v {}");
    CHECK(object.at("n") == "-5");
    CHECK(object.at("time").as_string().ends_with("Z"));
}

TEST_CASE("an event is one line, whatever its fields hold") {
    const auto format = GENERATE(as<std::string>(), "text", "json");
    const auto written = lines("info", format, [] {
        log(LogLevel::info, "e", {{"value", every_byte()}});
        log(LogLevel::info, "e", {{"value", std::string(100'000, '\n')}});
    });
    CHECK(written.size() == 2);
}

TEST_CASE("a JSON line is JSON even where a value is not UTF-8") {
    const auto written = lines("info", "json", [] {
        log(LogLevel::info,
            "e",
            {{"path",
              "/a\xFF"
              "b"}});
    });
    REQUIRE(written.size() == 1);
    CHECK(protocol::check_json(written[0], 8));
}

TEST_CASE("what is below the level is not written") {
    struct Row {
        std::string level;
        std::size_t lines;
    };
    const auto [level, expected] = GENERATE(
        as<Row>(), Row{"trace", 5}, Row{"debug", 4}, Row{"info", 3}, Row{"warn", 2}, Row{"error", 1}
    );
    const auto written = lines(level, "text", [] {
        for (const auto each :
             {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error})
            log(each, "x");
    });
    CHECK(written.size() == expected);
}

TEST_CASE("level and format change from the next event on") {
    const auto written = lines("info", "text", [] {
        log(LogLevel::debug, "unseen");
        log(LogLevel::info, "text");
        app::configure_logging({"debug", "json"});
        log(LogLevel::debug, "json");
        app::configure_logging({"error", "text"});
        log(LogLevel::warn, "unseen");
        log(LogLevel::error, "end");
    });
    REQUIRE(written.size() == 3);
    CHECK(without_time(written[0]) == "info event=text");
    CHECK(boost::json::parse(written[1]).as_object().at("event") == "json");
    CHECK(without_time(written[2]) == "error event=end");
}

TEST_CASE("nothing is written before the start and after the stop") {
    const auto written = lines("info", "text", [] { log(LogLevel::info, "x"); });
    log(LogLevel::error, "nobody listens");
    CHECK(written.size() == 1);
}
