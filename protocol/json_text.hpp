#pragma once

// JSON as text: checks it with Boost.JSON's parser and hands out views into it, so that no number is ever
// converted and what one side wrote reaches the other with the same bytes. All views point into the text
// given; nothing is copied but decoded strings.

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::protocol {

enum class JsonFault {
    syntax,  // not JSON (also: text that is not UTF-8, something after the value, another kind of value than
             // asked for)
    too_deep,
    duplicate,  // an object names a member twice: no two readers would agree on what it says
};

// How far duplicate members are looked for. The members that split_object returns are always unlike each
// other.
enum class Duplicates { allowed_below, refused_everywhere };

struct JsonMember {
    std::string name;        // decoded
    std::string_view value;  // raw text, without surrounding white space
};

enum class JsonKind { null, boolean, number, string, array, object };

// The kind of a raw value that has been checked.
JsonKind kind_of(std::string_view raw);

// Checks that `text` is exactly one JSON value, white space around it allowed, and returns it trimmed.
std::expected<std::string_view, JsonFault> check_json(
    std::string_view text, std::size_t max_depth, Duplicates duplicates = Duplicates::allowed_below
);

// Splits an object or array one level down. Everything below is checked too.
std::expected<std::vector<JsonMember>, JsonFault> split_object(
    std::string_view text, std::size_t max_depth, Duplicates duplicates = Duplicates::allowed_below
);
std::expected<std::vector<std::string_view>, JsonFault> split_array(
    std::string_view text, std::size_t max_depth
);

// Looks a member up; null when there is none.
const JsonMember* find(const std::vector<JsonMember>& members, std::string_view name);

// Decodes a checked raw string, piece by piece, without keeping any of it: for text that is secret.
void decode_string(std::string_view raw, const std::function<void(std::string_view)>& take);
std::string decode_string(std::string_view raw);

// Writes `text` as a JSON string, quotes included.
std::string quote(std::string_view text);

// Raw JSON holds line breaks only between tokens, so as one line it says the same with spaces in their place.
void make_one_line(std::string& json);

bool is_utf8(std::string_view text);

}  // namespace krakken::protocol
