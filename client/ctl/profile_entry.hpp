#pragma once

// The last part of setup: what the user wants to allow, asked in plain words and written into config.toml.

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "client/client.hpp"

namespace krakken::ctl {

// What the command line says of it; what it does not say is asked at a terminal, else it is off.
struct ProfileOptions {
    std::string region;
    bool margin = false;
    bool futures = false;
    bool staking = false;
};

void add_profile_options(CLI::App& command, ProfileOptions& options);

// Puts region, capabilities and (unless empty) the default account into the config.toml that `status` names,
// and has the daemon read it. What the file says already stays. Never fails: where it cannot write, it says
// which lines to add. Everything it has to say goes to standard error. Whether calls that name no account
// mean `default_account` from now on, as far as the file is concerned.
bool write_profile(
    client::Client& daemon,
    std::string_view status,
    const ProfileOptions& options,
    const std::string& default_account,
    bool at_terminal
);

}  // namespace krakken::ctl
