#include "tests/exchange/venue/json_text.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <ctime>

namespace exchange {
namespace {

std::tm calendar(Time time) {
    const std::time_t seconds = unix_seconds(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return parts;
}

std::string formatted(Time time, const char* pattern) {
    const std::tm parts = calendar(time);
    char text[64];
    return {text, std::strftime(text, sizeof text, pattern, &parts)};
}

}  // namespace

std::string json_string(std::string_view text) {
    return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
    text_ += text_.empty() ? "{" : ",";
    text_ += json_string(key);
    text_ += ':';
    text_ += json;
    return *this;
}

JsonArray& JsonArray::raw(std::string_view json) {
    text_ += text_.empty() ? "[" : ",";
    text_ += json;
    return *this;
}

std::int64_t unix_seconds(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string seconds_text(Time time) {
    const auto part = (time - std::chrono::floor<std::chrono::seconds>(time)).count() / 100'000;
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%04lld", static_cast<long long>(part));
    return std::to_string(unix_seconds(time)) + fraction;
}

std::string rfc3339_text(Time time) {
    return formatted(time, "%Y-%m-%dT%H:%M:%SZ");
}

std::string rfc1123_text(Time time) {
    return formatted(time, "%a, %e %b %y %H:%M:%S +0000");
}

}  // namespace exchange
