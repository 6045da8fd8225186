#include "json_schema.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <regex>
#include <stdexcept>

namespace krakken::test {

namespace json = boost::json;

namespace {

bool is_of_type(std::string_view type, const json::value& value) {
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_bool();
    if (type == "array") return value.is_array();
    if (type == "object") return value.is_object();
    throw std::logic_error("a type that the schemas do not use");
}

bool matches(const std::string& pattern, const json::value& value) {
    const std::string text(value.as_string());
    return std::regex_search(text, std::regex(pattern));
}

std::string mismatch_of_members(const json::object& schema, const json::object& value) {
    for (const auto& name : schema.at("required").as_array()) {
        if (!value.contains(name.as_string())) return "lacks " + std::string(name.as_string());
    }
    const auto& properties = schema.at("properties").as_object();
    for (const auto& [name, member] : value) {
        const auto known = properties.find(name);
        if (known == properties.end()) return "undocumented " + std::string(name);
        if (auto wrong = mismatch(known->value(), member); !wrong.empty())
            return std::string(name) + '.' + wrong;
    }
    return "";
}

std::string mismatch_of_items(const json::value& schema, const json::array& items) {
    for (const auto& item : items) {
        if (auto wrong = mismatch(schema, item); !wrong.empty()) return "[]." + wrong;
    }
    return "";
}

// Of everything but what is inside.
bool fits(const json::object& schema, const json::value& value) {
    for (const auto& [name, wanted] : schema) {
        if (name == "type" && !is_of_type(wanted.as_string(), value)) return false;
        if (name == "const" && wanted != value) return false;
        if (name == "enum" && std::ranges::find(wanted.as_array(), value) == wanted.as_array().end())
            return false;
        if (name == "minimum" && value.to_number<std::int64_t>() < wanted.as_int64()) return false;
        if (name == "pattern" && !matches(std::string(wanted.as_string()), value)) return false;
        if (name == "format" && !matches(R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$)", value)) return false;
    }
    return true;
}

}  // namespace

std::string mismatch(const json::value& schema, const json::value& value) {
    const json::object& wanted = schema.as_object();
    if (!fits(wanted, value)) return json::serialize(value) + " is not " + json::serialize(wanted);
    if (wanted.contains("properties")) return mismatch_of_members(wanted, value.as_object());
    if (wanted.contains("additionalProperties")) {
        for (const auto& [name, member] : value.as_object()) {
            if (auto wrong = mismatch(wanted.at("additionalProperties"), member); !wrong.empty())
                return std::string(name) + '.' + wrong;
        }
    }
    if (wanted.contains("items")) return mismatch_of_items(wanted.at("items"), value.as_array());
    return "";
}

}  // namespace krakken::test
