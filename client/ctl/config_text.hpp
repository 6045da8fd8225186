#pragma once

// Settings put into the text of config.toml, without losing what a person wrote there. Text only, no files.

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace krakken::ctl {

struct Setting {
    std::string table;  // empty: top level
    std::string name;
    std::variant<bool, std::string> value;

    friend bool operator==(const Setting&, const Setting&) = default;
};

struct KeptSetting {
    Setting wanted;
    std::string found;  // as TOML writes it
};

struct AmendedText {
    std::string text;               // the whole file
    std::vector<Setting> added;     // empty: the text is what it was
    std::vector<KeptSetting> kept;  // there with another value, and left alone
};

// The text with those of the settings that are missing in it: nothing else of it changes, comments included.
// Without a text, a small new file with comments. The error says why it cannot be done by us.
std::expected<AmendedText, std::string> amend(
    const std::optional<std::string>& text, const std::vector<Setting>& wanted
);

// Whether the text sets the key, to whatever. False for what is not TOML.
bool sets(std::string_view text, std::string_view table, std::string_view name);

// The settings as lines that a person can put into the file.
std::string toml_lines(const std::vector<Setting>& settings);

// "capabilities.supports_margin = false"
std::string dotted(const Setting& setting);

}  // namespace krakken::ctl
