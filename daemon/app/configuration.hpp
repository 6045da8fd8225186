#pragma once

// config.toml: what may stand in it, with defaults for everything. Read at start, and again on demand.

#include "account/accounts.hpp"
#include "app/logging.hpp"
#include "gate/profile.hpp"
#include "gate/server.hpp"
#include "keeper/keeper.hpp"
#include "net/upstream.hpp"
#include "protocol/environment.hpp"

#include <sys/types.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace krakken::app {

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

    std::optional<gate::ListenAddress> listen;
    bool tls = false;

    keeper::KdfCost kdf = keeper::KdfCost::moderate;
    std::string key_file;

    std::string legacy_dir;
    std::string rate_model = "kraken";  // kraken, off
    account::RetrySettings retry;
    account::PlacementSettings placement;

    std::string log_level = "info";
    std::string log_format = "text";

    std::map<base::AccountName, account::AccountOptions> accounts;
};

// A missing file is an empty one. The error is a sentence for the operator, with file, line and the nearest
// known name.
std::expected<Configuration, std::string> read_configuration(const std::filesystem::path& file);

// Every setting by its full name, as "log.level", and "accounts" for the tables of single accounts.
std::vector<std::string> setting_names();

// The group that may use the client socket, if there is to be one. The error: there is no such group, or the
// daemon may not give it anything. Blocks as long as the user database does.
std::expected<std::optional<gid_t>, std::string> client_group(const Configuration& configuration);

// Tries what the text alone does not show, and a start would refuse: group, address of Kraken, certificates.
// Blocks as long as disk and user database do.
std::expected<void, std::string> try_configuration(const Configuration& configuration);

// The settings that differ and that only a start takes over, by their names; the others can change while the
// daemon runs.
std::vector<std::string> need_restart(const Configuration& running, const Configuration& wanted);

// The key file that opens the vault at start: vault.key_file, else `vault-key` among the credentials that the
// service manager handed over; empty if there is neither.
std::filesystem::path start_key_file(
    const Configuration& configuration,
    const protocol::Environment& environment = protocol::process_environment
);

// `level`: what the command line says, which wins; may be empty.
LogSettings log_settings(const Configuration& configuration, const std::string& level);
net::UpstreamSettings upstream_settings(const Configuration& configuration);
gate::ServerSettings server_settings(
    const Configuration& configuration, const protocol::Paths& paths, std::optional<gid_t> client_group
);
account::AccountSettings account_settings(
    const Configuration& configuration, std::map<base::AccountName, std::uint64_t> legacy_nonces
);

}  // namespace krakken::app
