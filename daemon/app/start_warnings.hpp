#pragma once

// What a start goes on without, and what was probably meant otherwise.

#include "app/configuration.hpp"
#include "keeper/environment_keys.hpp"
#include "nonce/legacy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace krakken::app {

// What old programs' nonce files say, where nonce.legacy_dir names their folder.
nonce::LegacyNonces legacy_nonces(const Configuration& configuration);

struct StartWarning {
    std::string_view event;  // in the log
    std::string sentence;
};

// Looks at the names in the process environment, too.
std::vector<StartWarning> start_warnings(
    const Configuration& configuration,
    const keeper::EnvironmentKeys& environment_keys,
    const nonce::LegacyNonces& legacy_nonces
);

void log_warnings(const std::vector<StartWarning>& warnings);

// What --check-config says of a configuration that a start would accept. Returns the exit status.
int report_check(const std::filesystem::path& file, const std::vector<StartWarning>& warnings);

}  // namespace krakken::app
