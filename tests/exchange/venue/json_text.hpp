#pragma once

// Writes answers as JSON text, so that numbers keep the digits Kraken shows ("1.10000000", 1688666559.8974).

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/exchange/call.hpp"

namespace exchange {

std::string json_string(std::string_view text);

class JsonObject {
public:
    JsonObject& text(std::string_view key, std::string_view value) { return raw(key, json_string(value)); }
    JsonObject& number(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
    JsonObject& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
    JsonObject& null(std::string_view key) { return raw(key, "null"); }
    // A value that is JSON text already.
    JsonObject& raw(std::string_view key, std::string_view json);
    std::string done() const { return text_.empty() ? "{}" : text_ + "}"; }

private:
    std::string text_;
};

class JsonArray {
public:
    JsonArray& text(std::string_view value) { return raw(json_string(value)); }
    JsonArray& raw(std::string_view json);
    std::string done() const { return text_.empty() ? "[]" : text_ + "]"; }

private:
    std::string text_;
};

// Unix seconds with a four-digit fraction, as in "opentm".
std::string seconds_text(Time time);
std::int64_t unix_seconds(Time time);
// "2023-03-24T17:41:56Z"
std::string rfc3339_text(Time time);
// "Thu,  9 Oct 25 08:53:20 +0000"
std::string rfc1123_text(Time time);

}  // namespace exchange
