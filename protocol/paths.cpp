#include "protocol/paths.hpp"

#include "protocol/platform.hpp"

#include <stdexcept>

namespace krakken::protocol {

namespace fs = std::filesystem;

namespace {

// A folder that nobody named: the standard one, if the user has any.
fs::path or_standard(fs::path standard) {
    if (standard.empty())
        throw std::runtime_error(
            "HOME is not set; name the folders with --config-dir, --state-dir and --runtime-dir"
        );
    return standard;
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

}  // namespace

Paths find_paths(const PathChoices& choices, const Environment& environment) {
    Paths paths;
    const auto config =
        chosen(choices.config_dir, environment, "KRAKKEND_CONFIG_DIR", "CONFIGURATION_DIRECTORY");
    const auto state = chosen(choices.state_dir, environment, "KRAKKEND_STATE_DIR", "STATE_DIRECTORY");
    const auto runtime =
        chosen(choices.runtime_dir, environment, "KRAKKEND_RUNTIME_DIR", "RUNTIME_DIRECTORY");

    paths.config_dir = config ? *config : or_standard(standard_config_dir(environment));
    paths.state_dir = state ? *state : or_standard(standard_state_dir(environment, paths.config_dir));
    paths.runtime_dir = runtime ? *runtime : standard_runtime_dir(environment, paths.state_dir);

    // The service manager's configuration folder belongs to root, so a system service keeps its vault beside
    // its state.
    const bool service = !choices.config_dir && environment("KRAKKEND_CONFIG_DIR").empty() &&
                         !environment("CONFIGURATION_DIRECTORY").empty();
    paths.vault_file = (service ? paths.state_dir : paths.config_dir) / "secrets.enc";
    return paths;
}

}  // namespace krakken::protocol
