// protocol/json_text against Boost.JSON's own tree: the same texts are good, and the parts make up the whole.

#include "protocol/json_text.hpp"

#include "targets.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

namespace krakken::fuzz {

namespace {

namespace json = boost::json;
constexpr std::size_t depth = 32;

std::optional<json::value> tree_of(std::string_view text) {
    json::parse_options options;
    options.max_depth = depth;
    json::error_code error;
    json::value value = json::parse(text, error, {}, options);
    return error ? std::nullopt : std::optional(std::move(value));
}

// As text, because Boost.JSON takes 0e4510 for a number that is not even like itself.
bool same(std::string_view text, const json::value& value) {
    const auto tree = tree_of(text);
    return tree && json::serialize(*tree) == json::serialize(value);
}

void check_value(std::string_view raw, std::string_view text) {
    require(raw.data() >= text.data() && raw.data() + raw.size() <= text.data() + text.size(), "a view");
    require(protocol::check_json(raw, depth) == raw, "a part is JSON and trimmed");
    if (protocol::kind_of(raw) != protocol::JsonKind::string) return;
    const std::string decoded = protocol::decode_string(raw);
    require(same(raw, json::value(decoded)), "a string is decoded as Boost.JSON does");
    require(protocol::decode_string(protocol::quote(decoded)) == decoded, "a quoted string is the same");
}

void check_object(std::string_view text, const std::optional<json::value>& tree) {
    const auto members = protocol::split_object(text, depth);
    if (!members) {
        const bool twice = members.error() == protocol::JsonFault::duplicate;
        require(twice || !tree || !tree->is_object(), "a good object is split");
        return;
    }
    require(tree && tree->is_object(), "only an object is split as one");
    std::string rebuilt = "{";
    for (const auto& [name, value] : *members) {
        check_value(value, text);
        rebuilt += (rebuilt.size() > 1 ? "," : "") + protocol::quote(name) + ':' + std::string(value);
    }
    require(same(rebuilt + '}', *tree), "the members make up the object");
    require(tree->as_object().size() == members->size(), "no member is lost");
}

void check_array(std::string_view text, const std::optional<json::value>& tree) {
    const auto items = protocol::split_array(text, depth);
    require(items.has_value() == (tree && tree->is_array()), "a good array is split, and nothing else");
    if (!items) return;
    std::string rebuilt = "[";
    for (const std::string_view item : *items) {
        check_value(item, text);
        rebuilt += (rebuilt.size() > 1 ? "," : "") + std::string(item);
    }
    require(same(rebuilt + ']', *tree), "the items make up the array");
}

}  // namespace

void json_text(Input input) {
    const std::string_view text = text_of(input);
    const auto tree = tree_of(text);
    const auto checked = protocol::check_json(text, depth);
    require(checked.has_value() == tree.has_value(), "both agree on what is JSON");
    if (checked) {
        require(same(*checked, *tree), "trimming changes nothing");
        std::string line(*checked);
        protocol::make_one_line(line);
        require(!line.contains('\n') && !line.contains('\r') && same(line, *tree), "one line says the same");
        require(protocol::is_utf8(text), "JSON is UTF-8");
    }
    check_object(text, tree);
    check_array(text, tree);
}

}  // namespace krakken::fuzz
