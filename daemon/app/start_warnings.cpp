#include "app/start_warnings.hpp"

#include "app/exit_status.hpp"
#include "base/log.hpp"
#include "protocol/environment.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace krakken::app {

nonce::LegacyNonces legacy_nonces(const Configuration& configuration) {
    if (configuration.legacy_dir.empty()) return {};
    return nonce::read_legacy_folder(configuration.legacy_dir);
}

std::vector<StartWarning> start_warnings(
    const Configuration& configuration,
    const keeper::EnvironmentKeys& environment_keys,
    const nonce::LegacyNonces& legacy_nonces
) {
    std::vector<StartWarning> warnings;
    for (const auto& [name, nearest] : protocol::misspelt_variables(protocol::environment_names())) {
        warnings.push_back(
            {"environment.ignored",
             fmt::format("there is no environment variable {}; the nearest is {}", name, nearest)}
        );
    }
    for (const std::string& why : environment_keys.warnings)
        warnings.push_back({"environment.ignored", why});
    for (const std::string& why : legacy_nonces.warnings)
        warnings.push_back({"nonce.legacy_ignored", why});
    const std::filesystem::path key_file = start_key_file(configuration);
    if (!key_file.empty() && ::access(key_file.c_str(), R_OK) != 0)
        warnings.push_back(
            {"vault.key_file_missing",
             fmt::format("the key file {} cannot be read, so the vault stays locked", key_file.string())}
        );
    return warnings;
}

void log_warnings(const std::vector<StartWarning>& warnings) {
    for (const auto& [event, sentence] : warnings)
        base::log(base::LogLevel::warn, event, {{"why", sentence}});
}

int report_check(const std::filesystem::path& file, const std::vector<StartWarning>& warnings) {
    for (const auto& [event, sentence] : warnings)
        std::fprintf(stderr, "krakkend: warning: %s\n", sentence.c_str());
    std::printf("%s is in order\n", file.c_str());
    return exit_drained;
}

}  // namespace krakken::app
