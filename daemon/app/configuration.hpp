#pragma once

// config.toml: what may stand in it, with defaults for everything. Read at start.

#include "account/retry.hpp"
#include "base/types.hpp"
#include "gate/backend.hpp"
#include "keeper/keeper.hpp"
#include "net/upstream.hpp"

#include <chrono>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace krakken::app {

struct AccountConfiguration {
    base::Tier tier = base::Tier::intermediate;
    std::string nonce_unit = "auto";  // auto, us, 10ns, ns
};

struct Configuration {
    gate::Profile profile;
    std::string default_account;

    std::string base_url = "https://api.kraken.com";
    std::string ca_file;
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds request_timeout{30000};
    std::string user_agent;  // empty: krakkend/<version>

    std::string client_group;
    std::size_t max_clients = 1024;

    keeper::KdfCost kdf = keeper::KdfCost::moderate;
    std::string key_file;

    std::string legacy_dir;
    std::string rate_model = "kraken";  // kraken, off
    account::RetrySettings retry;

    std::string log_level = "info";
    std::string log_format = "text";

    std::map<std::string, AccountConfiguration> accounts;
};

// A missing file is an empty one. The error is a sentence for the operator, with file, line and the nearest
// known name.
std::expected<Configuration, std::string> read_configuration(const std::filesystem::path& file);

// What is set, and read and checked, but not followed by this version: the operator is told, not left to
// believe in it.
std::vector<std::string> settings_without_effect(const Configuration& configuration);

net::UpstreamSettings upstream_settings(const Configuration& configuration);

}  // namespace krakken::app
