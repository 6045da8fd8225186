#include "protocol/environment.hpp"

#include "protocol/nearest_name.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace krakken::protocol {

namespace {

constexpr auto ours = std::to_array<std::string_view>(
    {"KRAKKEND_CONFIG_DIR", "KRAKKEND_STATE_DIR", "KRAKKEND_RUNTIME_DIR", "KRAKKEND_SOCKET"}
);

// Of the rest that begin with KRAKEN_ nothing is said: other programs have variables of that name.
constexpr auto credentials = std::to_array<std::string_view>(
    {"KRAKEN_API_KEY", "KRAKEN_API_SECRET", "KRAKEN_MASTER_API_KEY", "KRAKEN_MASTER_API_SECRET"}
);

constexpr auto suspicious =
    std::to_array<std::string_view>({"KRAKKEND_", "KRAKKEN_", "KRAKEND_", "KRAKKENCTL_", "KRAKENCTL_"});

bool looks_like_ours(std::string_view name) {
    return std::ranges::any_of(suspicious, [&](std::string_view start) { return name.starts_with(start); });
}

// KRAKEN_USER_<NAME>_API_KEY has no fixed name: what was written, begun as it should.
std::string as_user_credential(std::string_view name) {
    const auto user = name.find("_USER_");
    const bool whole = name.ends_with("_API_KEY") || name.ends_with("_API_SECRET");
    return whole && user != std::string_view::npos ? "KRAKEN" + std::string(name.substr(user))
                                                   : std::string();
}

std::string nearest_known(std::string_view name) {
    if (std::string user = as_user_credential(name); !user.empty()) return user;
    std::vector<std::string> known(ours.begin(), ours.end());
    known.insert(known.end(), credentials.begin(), credentials.end());
    return nearest_name(name, known);
}

}  // namespace

std::string process_environment(const char* name) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment after start
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::vector<std::string> environment_names() {
    std::vector<std::string> names;
    for (char** entry = environ; entry && *entry; ++entry) {
        const std::string_view text = *entry;
        names.emplace_back(text.substr(0, text.find('=')));
    }
    return names;
}

std::vector<MisspeltVariable> misspelt_variables(const std::vector<std::string>& names) {
    std::vector<MisspeltVariable> misspelt;
    for (const std::string& name : names) {
        if (!looks_like_ours(name) || std::ranges::find(ours, name) != ours.end()) continue;
        misspelt.push_back({name, nearest_known(name)});
    }
    return misspelt;
}

}  // namespace krakken::protocol
