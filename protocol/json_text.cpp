#include "protocol/json_text.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/locale/utf.hpp>
#include <cstdint>
#include <limits>
#include <set>

namespace krakken::protocol {

namespace {

namespace json = boost::json;

// Accepts every value and, where duplicates are refused, remembers the member names of the objects it is
// inside of.
class Checker {
public:
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    explicit Checker(Duplicates duplicates) : watching_(duplicates == Duplicates::refused_everywhere) {}

    bool duplicate() const { return duplicate_; }

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        if (watching_) names_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, json::error_code&) {
        if (watching_) names_.pop_back();
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t, json::error_code&) { return true; }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        if (watching_) key_.append(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code&) {
        if (!watching_) return true;
        key_.append(part);
        if (!names_.back().insert(std::move(key_)).second) duplicate_ = true;
        key_.clear();
        return true;
    }
    bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
    bool on_double(double, json::string_view, json::error_code&) { return true; }
    bool on_bool(bool, json::error_code&) { return true; }
    bool on_null(json::error_code&) { return true; }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }

private:
    bool watching_;
    std::vector<std::set<std::string>> names_;
    std::string key_;
    bool duplicate_ = false;
};

// Hands a string's decoded pieces on.
class StringDecoder : public Checker {
public:
    explicit StringDecoder(const std::function<void(std::string_view)>& take)
        : Checker(Duplicates::allowed_below), take_(take) {}

    bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
        take_(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&) {
        take_(part);
        return true;
    }

private:
    const std::function<void(std::string_view)>& take_;
};

constexpr std::string_view white_space = " \t\r\n";

void skip_space(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
}

bool skip(std::string_view& text, char expected) {
    skip_space(text);
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(1);
    return true;
}

// Takes one whole value off the front of `text`.
std::expected<std::string_view, JsonFault> take_value(
    std::string_view& text, std::size_t max_depth, Duplicates duplicates
) {
    skip_space(text);
    json::parse_options options;
    options.max_depth = max_depth;
    json::basic_parser<Checker> parser(options, duplicates);
    json::error_code error;
    const std::size_t size = parser.write_some(false, text.data(), text.size(), error);
    if (error == json::error::too_deep) return std::unexpected(JsonFault::too_deep);
    if (error) return std::unexpected(JsonFault::syntax);
    if (parser.handler().duplicate()) return std::unexpected(JsonFault::duplicate);
    const std::string_view value = text.substr(0, size);
    text.remove_prefix(size);
    // The parser may take the white space behind the value with it.
    return value.substr(0, value.find_last_not_of(white_space) + 1);
}

bool at_end(std::string_view text) {
    skip_space(text);
    return text.empty();
}

// Sorted, because a request may have thirty thousand members and the loop has other clients.
bool names_twice(const std::vector<JsonMember>& members) {
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const auto& member : members)
        names.push_back(member.name);
    std::ranges::sort(names);
    return std::ranges::adjacent_find(names) != names.end();
}

}  // namespace

JsonKind kind_of(std::string_view raw) {
    switch (raw.front()) {
        case 'n':
            return JsonKind::null;
        case 't':
        case 'f':
            return JsonKind::boolean;
        case '"':
            return JsonKind::string;
        case '[':
            return JsonKind::array;
        case '{':
            return JsonKind::object;
        default:
            return JsonKind::number;
    }
}

std::expected<std::string_view, JsonFault> check_json(
    std::string_view text, std::size_t max_depth, Duplicates duplicates
) {
    const auto value = take_value(text, max_depth, duplicates);
    if (value && !at_end(text)) return std::unexpected(JsonFault::syntax);
    return value;
}

std::expected<std::vector<JsonMember>, JsonFault> split_object(
    std::string_view text, std::size_t max_depth, Duplicates duplicates
) {
    std::vector<JsonMember> members;
    if (!skip(text, '{')) return std::unexpected(JsonFault::syntax);
    if (!skip(text, '}')) {
        do {
            const auto name = take_value(text, max_depth - 1, duplicates);
            if (!name) return std::unexpected(name.error());
            if (kind_of(*name) != JsonKind::string || !skip(text, ':'))
                return std::unexpected(JsonFault::syntax);
            const auto value = take_value(text, max_depth - 1, duplicates);
            if (!value) return std::unexpected(value.error());
            members.push_back({decode_string(*name), *value});
        } while (skip(text, ','));
        if (!skip(text, '}')) return std::unexpected(JsonFault::syntax);
    }
    if (!at_end(text)) return std::unexpected(JsonFault::syntax);
    if (names_twice(members)) return std::unexpected(JsonFault::duplicate);
    return members;
}

std::expected<std::vector<std::string_view>, JsonFault> split_array(
    std::string_view text, std::size_t max_depth
) {
    std::vector<std::string_view> items;
    if (!skip(text, '[')) return std::unexpected(JsonFault::syntax);
    if (!skip(text, ']')) {
        do {
            const auto value = take_value(text, max_depth - 1, Duplicates::allowed_below);
            if (!value) return std::unexpected(value.error());
            items.push_back(*value);
        } while (skip(text, ','));
        if (!skip(text, ']')) return std::unexpected(JsonFault::syntax);
    }
    if (!at_end(text)) return std::unexpected(JsonFault::syntax);
    return items;
}

const JsonMember* find(const std::vector<JsonMember>& members, std::string_view name) {
    const auto found = std::ranges::find(members, name, &JsonMember::name);
    return found == members.end() ? nullptr : &*found;
}

void decode_string(std::string_view raw, const std::function<void(std::string_view)>& take) {
    json::basic_parser<StringDecoder> parser(json::parse_options(), take);
    json::error_code error;
    parser.write_some(false, raw.data(), raw.size(), error);
}

std::string decode_string(std::string_view raw) {
    std::string text;
    decode_string(raw, [&text](std::string_view part) { text += part; });
    return text;
}

std::string quote(std::string_view text) {
    return json::serialize(json::string_view(text));
}

void make_one_line(std::string& json) {
    std::ranges::replace_if(json, [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

bool is_utf8(std::string_view text) {
    using utf8 = boost::locale::utf::utf_traits<char>;
    for (auto at = text.begin(); at != text.end();) {
        const auto point = utf8::decode(at, text.end());
        if (point == boost::locale::utf::illegal || point == boost::locale::utf::incomplete) return false;
    }
    return true;
}

}  // namespace krakken::protocol
