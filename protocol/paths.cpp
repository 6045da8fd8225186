#include "protocol/paths.hpp"

#include <cstdlib>
#include <stdexcept>

namespace krakken::protocol {

namespace fs = std::filesystem;

namespace {

constexpr const char* folder_name = "kraken_bot";

fs::path home(const Environment& environment) {
    const std::string home = environment("HOME");
    if (home.empty())
        throw std::runtime_error(
            "HOME is not set; name the folders with --config-dir, --state-dir and --runtime-dir"
        );
    return home;
}

// The first of: command line, our own variable, the service manager's.
std::optional<fs::path> chosen(
    const std::optional<fs::path>& choice,
    const Environment& environment,
    const char* own,
    const char* service
) {
    if (choice) return fs::absolute(*choice);
    if (const std::string value = environment(own); !value.empty()) return fs::absolute(value);
    if (const std::string value = environment(service); !value.empty()) return fs::path(value);
    return std::nullopt;
}

fs::path xdg(const Environment& environment, const char* variable, const char* below_home) {
    const std::string value = environment(variable);
    return value.starts_with('/') ? fs::path(value) : home(environment) / below_home;
}

}  // namespace

std::string process_environment(const char* name) {
    const char* value =
        std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing changes the environment after start
    return value ? value : "";
}

Paths find_paths(const PathChoices& choices, const Environment& environment) {
    Paths paths;
    const auto config =
        chosen(choices.config_dir, environment, "KRAKKEND_CONFIG_DIR", "CONFIGURATION_DIRECTORY");
    const auto state = chosen(choices.state_dir, environment, "KRAKKEND_STATE_DIR", "STATE_DIRECTORY");
    const auto runtime =
        chosen(choices.runtime_dir, environment, "KRAKKEND_RUNTIME_DIR", "RUNTIME_DIRECTORY");

    paths.config_dir = config ? *config : xdg(environment, "XDG_CONFIG_HOME", ".config") / folder_name;
    paths.state_dir = state ? *state : xdg(environment, "XDG_STATE_HOME", ".local/state") / folder_name;
    if (runtime) {
        paths.runtime_dir = *runtime;
    } else if (const std::string run = environment("XDG_RUNTIME_DIR"); run.starts_with('/')) {
        paths.runtime_dir = fs::path(run) / "krakkend";
    } else {
        paths.runtime_dir = paths.state_dir / "run";
    }

    // The service manager's configuration folder belongs to root, so a system service keeps its vault beside
    // its state.
    const bool service = !choices.config_dir && environment("KRAKKEND_CONFIG_DIR").empty() &&
                         !environment("CONFIGURATION_DIRECTORY").empty();
    paths.vault_file = (service ? paths.state_dir : paths.config_dir) / "secrets.enc";
    return paths;
}

}  // namespace krakken::protocol
