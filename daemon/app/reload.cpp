#include "app/reload.hpp"

#include "app/logging.hpp"
#include "base/log.hpp"

namespace krakken::app {

using base::log;
using base::LogLevel;

std::expected<Configuration, std::string> Reload::read() const {
    auto configuration = read_configuration(backend_.configuration_file);
    if (!configuration) return configuration;
    // What it was started with works.
    if (need_restart(started_, *configuration).empty()) return configuration;
    if (auto tried = try_configuration(*configuration); !tried)
        return std::unexpected(std::move(tried.error()));
    return configuration;
}

protocol::Result<gate::Reloaded> Reload::operator()() const {
    const auto wanted = read();
    if (!wanted) {
        log(LogLevel::error, "config.refused", {{"why", wanted.error()}});
        return std::unexpected(protocol::make_error(protocol::ErrorCode::invalid_params, wanted.error())
                                   .with("reason", "configuration")
                                   .with_remedy("correct that file; until then the old settings hold"));
    }
    account::AccountSettings settings = account_settings(*wanted, settings_.legacy_nonces);
    // kraken.request_timeout_ms is followed at start only.
    settings.validation_timeout = settings_.validation_timeout;
    backend_.accounts.configure(std::move(settings));
    backend_.profile = wanted->profile;
    configure_logging(log_settings(*wanted, log_level_));

    gate::Reloaded reloaded{need_restart(started_, *wanted)};
    log(LogLevel::info, "config.reloaded", {{"needs_restart", reloaded.needs_restart.size()}});
    for (const std::string& setting : reloaded.needs_restart)
        log(LogLevel::warn, "config.needs_restart", {{"setting", setting}});
    return reloaded;
}

}  // namespace krakken::app
