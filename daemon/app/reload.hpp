#pragma once

// Reading config.toml again while the daemon runs.

#include "app/configuration.hpp"
#include "gate/backend.hpp"

#include <string>

namespace krakken::app {

class Reload {
public:
    // `started` is what the daemon was started with, `log_level` what the command line says about it (it
    // wins; may be empty), `settings` what the accounts were given. `backend` must outlive it.
    Reload(
        Configuration started,
        std::string log_level,
        account::AccountSettings settings,
        gate::Backend& backend
    )
        : started_(std::move(started)),
          log_level_(std::move(log_level)),
          settings_(std::move(settings)),
          backend_(backend) {}

    // Takes over what can change at once and names what needs a restart. A file that a start would refuse
    // changes nothing: invalid_params, reason "configuration". Blocks as long as reading it does.
    protocol::Result<gate::Reloaded> operator()() const;

private:
    std::expected<Configuration, std::string> read() const;

    Configuration started_;
    std::string log_level_;
    account::AccountSettings settings_;
    gate::Backend& backend_;
};

}  // namespace krakken::app
