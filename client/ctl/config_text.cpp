#include "config_text.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "protocol/json_text.hpp"

namespace krakken::ctl {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string value_text(const Setting& setting) {
    if (const bool* flag = std::get_if<bool>(&setting.value)) return *flag ? "true" : "false";
    // What JSON quotes is a basic string of TOML, too.
    return protocol::quote(std::get<std::string>(setting.value));
}

std::string line(const Setting& setting) {
    return setting.name + " = " + value_text(setting) + "\n";
}

std::expected<toml::table, std::string> parse(std::string_view text) {
    try {
        return toml::parse(text);
    } catch (const toml::parse_error& error) {
        // Not what the parser says of it, which may repeat a misplaced passphrase.
        return std::unexpected("line " + std::to_string(error.source().begin.line));
    }
}

const toml::node* find(const toml::table& root, std::string_view table, std::string_view name) {
    if (table.empty()) return root.get(name);
    const toml::node* inner = root.get(table);
    return inner && inner->is_table() ? inner->as_table()->get(name) : nullptr;
}

bool holds(const toml::node& node, const Setting& setting) {
    if (const bool* flag = std::get_if<bool>(&setting.value))
        return node.is_boolean() && node.as_boolean()->get() == *flag;
    return node.is_string() && node.as_string()->get() == std::get<std::string>(setting.value);
}

std::string shown(const toml::node& node) {
    std::ostringstream text;
    text << toml::toml_formatter(node);
    return text.str();
}

// The place behind the line "[table]"; npos when the table is made another way (inline, dotted keys).
std::size_t behind_header(std::string_view text, const toml::node& table) {
    if (!table.is_table() || table.as_table()->is_inline()) return std::string_view::npos;
    std::size_t at = 0;
    for (auto number = table.source().begin.line; number > 1; --number) {
        at = text.find('\n', at);
        if (at == std::string_view::npos) return at;
        ++at;
    }
    const std::size_t first = text.find_first_not_of(" \t", at);
    if (first == std::string_view::npos || text[first] != '[') return std::string_view::npos;
    const std::size_t end = text.find('\n', first);
    return end == std::string_view::npos ? end : end + 1;
}

// Puts the settings of one table, which it lacks, into the text.
void insert(
    std::string& text, const toml::table& root, std::string_view table, const std::vector<Setting>& settings
) {
    std::string lines;
    for (const Setting& setting : settings)
        lines += line(setting);
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    const toml::node* existing = root.get(table);
    if (!existing) {
        text += "\n[" + std::string(table) + "]\n" + lines;
    } else if (const auto place = behind_header(text, *existing); place != std::string::npos) {
        text.insert(place, lines);
    }
}

// Before the first table, where the keys of the top level must stand.
void insert_at_head(std::string& text, const std::vector<Setting>& settings) {
    std::string lines;
    for (const Setting& setting : settings)
        lines += line(setting);
    text.insert(text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0, lines);
}

// Exactly the settings were added.
bool is_as_meant(toml::table before, const std::string& text, const std::vector<Setting>& added) {
    const auto after = parse(text);
    if (!after) return false;
    for (const Setting& setting : added) {
        const toml::node* node = find(*after, setting.table, setting.name);
        if (!node || !holds(*node, setting)) return false;
        if (!setting.table.empty() && !before.contains(setting.table))
            before.insert(setting.table, toml::table());
        toml::table& table = setting.table.empty() ? before : *before.get(setting.table)->as_table();
        std::visit([&](const auto& value) { table.insert(setting.name, value); }, setting.value);
    }
    return before == *after;
}

std::string new_text(const std::vector<Setting>& settings) {
    return "# Configuration of krakkend, written by krakkenctl setup. Every key may be missing.\n"
           "# After a change: restart krakkend, or send it SIGHUP. 'krakkend --check-config'\n"
           "# says what is wrong with it.\n\n" +
           toml_lines(settings);
}

}  // namespace

std::expected<AmendedText, std::string> amend(
    const std::optional<std::string>& text, const std::vector<Setting>& wanted
) {
    if (!text) return AmendedText{new_text(wanted), wanted, {}};
    const auto root = parse(*text);
    if (!root) return std::unexpected("it is not valid TOML (" + root.error() + ")");

    AmendedText amended{*text, {}, {}};
    for (const Setting& setting : wanted) {
        const toml::node* node = find(*root, setting.table, setting.name);
        if (!node) {
            amended.added.push_back(setting);
        } else if (!holds(*node, setting)) {
            amended.kept.push_back({setting, shown(*node)});
        }
    }
    std::vector<Setting> left = amended.added;
    while (!left.empty()) {
        // From the last table to the top level, so that the lines of the text as parsed stay where they are.
        const std::string table = left.back().table;
        std::vector<Setting> of_table;
        std::ranges::copy_if(left, std::back_inserter(of_table), [&](const Setting& setting) {
            return setting.table == table;
        });
        std::erase_if(left, [&](const Setting& setting) { return setting.table == table; });
        if (table.empty()) {
            insert_at_head(amended.text, of_table);
        } else {
            insert(amended.text, *root, table, of_table);
        }
    }
    if (!is_as_meant(*root, amended.text, amended.added))
        return std::unexpected("it is written in a way that setup does not change");
    return amended;
}

bool sets(std::string_view text, std::string_view table, std::string_view name) {
    const auto root = parse(text);
    return root && find(*root, table, name) != nullptr;
}

std::string toml_lines(const std::vector<Setting>& settings) {
    std::string text;
    std::string table;
    for (const Setting& setting : settings) {
        if (setting.table != table) {
            table = setting.table;
            text += (text.empty() ? "[" : "\n[") + table + "]\n";
        }
        text += line(setting);
    }
    return text;
}

std::string dotted(const Setting& setting) {
    return (setting.table.empty() ? "" : setting.table + ".") + setting.name + " = " + value_text(setting);
}

}  // namespace krakken::ctl
