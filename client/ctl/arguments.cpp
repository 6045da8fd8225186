#include "arguments.hpp"

#include <filesystem>
#include <set>
#include <string_view>

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

namespace krakken::ctl {

namespace {

// `params` and its members are two levels of the request.
constexpr std::size_t max_value_depth = protocol::max_request_depth - 2;

std::string checked_json(std::string_view key, std::string_view value) {
    const auto checked = protocol::check_json(value, max_value_depth);
    if (!checked)
        throw UsageError(
            "what follows '" + std::string(key) + ":=' is not JSON (for plain text write '" +
            std::string(key) + "=...')"
        );
    return std::string(*checked);
}

std::string quoted(std::string_view key, std::string_view value) {
    if (!protocol::is_utf8(value)) throw UsageError("'" + std::string(key) + "' is not UTF-8 text");
    return protocol::quote(value);
}

}  // namespace

std::string to_params(const std::vector<std::string>& arguments) {
    std::set<std::string_view> seen;
    std::string json;
    for (const std::string_view argument : arguments) {
        const std::size_t sign = argument.find('=');
        if (sign == std::string_view::npos)
            throw UsageError("'" + std::string(argument) + "' is neither key=value nor key:=JSON");
        const std::string_view value = argument.substr(sign + 1);
        std::string_view key = argument.substr(0, sign);
        const bool is_json = key.ends_with(':');
        if (is_json) key.remove_suffix(1);
        if (key.empty()) throw UsageError("'" + std::string(argument) + "' has no key");
        if (!seen.insert(key).second) throw UsageError("'" + std::string(key) + "' is given twice");
        json += json.empty() ? "{" : ",";
        json += quoted(key, key) + ":" + (is_json ? checked_json(key, value) : quoted(key, value));
    }
    return json.empty() ? json : json + "}";
}

std::string absolute_path(const std::string& path) {
    std::error_code failed;
    const std::string found = std::filesystem::absolute(path, failed).string();
    if (failed) throw UsageError("this folder is gone, so '" + path + "' leads nowhere; name a whole path");
    if (!protocol::is_utf8(found)) throw UsageError("the path is not UTF-8 text, as krakkend needs it");
    return found;
}

}  // namespace krakken::ctl
