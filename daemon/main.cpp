// krakkend: the table of contents. Everything is built here, in order, and taken down in reverse.
//
// The way of one call: gate/session reads a line -> gate/request takes it apart -> gate/handlers finds the
// method -> gate/policy says may-you -> account/account admits it to its lane -> nonce/sequence gives the
// next value -> kraken/parameters writes the body -> keeper signs -> kraken/api sends it through net/upstream
// and splits the reply -> account/retry decides -> gate/session answers.

#include "app/configuration.hpp"
#include "app/exit_status.hpp"
#include "app/life_cycle.hpp"
#include "app/logging.hpp"
#include "app/options.hpp"
#include "app/reload.hpp"
#include "app/start_warnings.hpp"
#include "base/files.hpp"
#include "base/hardening.hpp"
#include "base/log.hpp"
#include "protocol/json_text.hpp"
#include "protocol/version.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <exception>

namespace {

using namespace krakken;
using app::fail;

int run(const app::Options& options, const base::Protection& protection, keeper::EnvironmentKeys keys) {
    const protocol::Paths paths = protocol::find_paths(options.paths);
    // They stand in what `status` answers.
    if (!protocol::is_utf8(paths.config_dir.string()) || !protocol::is_utf8(paths.state_dir.string()))
        return fail(app::exit_configuration, "a folder's path is not UTF-8 text; name another folder");
    const auto configuration = app::read_configuration(paths.config_file());
    if (!configuration) return fail(app::exit_configuration, configuration.error());
    const auto client_group = app::client_group(*configuration);
    if (!client_group) return fail(app::exit_configuration, client_group.error());
    boost::asio::io_context context{1};
    // Throws if base_url or ca_file cannot work, which a check of the configuration must find, too.
    const auto upstream = net::make_upstream(context.get_executor(), app::upstream_settings(*configuration));
    if (options.check_config) {
        const auto legacy_nonces = app::legacy_nonces(*configuration);
        return app::report_check(
            paths.config_file(), app::start_warnings(*configuration, keys, legacy_nonces)
        );
    }

    const auto state_folder = base::StrictFolder::open_or_make(paths.state_dir);
    if (!state_folder) return fail(app::exit_storage, state_folder.error());
    const auto instance = base::InstanceLock::take(*state_folder, "krakkend.lock");
    if (!instance) {
        const bool second = instance.error().details.contains("pid");
        return fail(second ? app::exit_second_instance : app::exit_storage, instance.error());
    }

    app::start_logging(app::log_settings(*configuration, options.log_level));
    base::log(
        base::LogLevel::info, "start", {{"version", protocol::version}, {"base_url", configuration->base_url}}
    );
    // Behind the lock: a folder of many old files takes its time, and a second daemon is told at once.
    const auto legacy_nonces = app::legacy_nonces(*configuration);
    app::log_warnings(app::start_warnings(*configuration, keys, legacy_nonces));

    const base::SystemClock wall_clock;
    kraken::ServerClock clock(wall_clock);
    auto store = state::open_state_store(context.get_executor(), paths.state_dir);
    if (!store) return fail(app::exit_storage, store.error());
    kraken::Api api(*upstream, configuration->request_timeout);
    const auto keeper = keeper::make_keeper(
        context.get_executor(), clock, {paths.vault_file, configuration->kdf, std::move(keys)}
    );

    const auto settings = app::account_settings(*configuration, legacy_nonces.floors);
    account::Accounts accounts({context.get_executor(), *keeper, **store, api, clock}, settings);
    gate::AuditTrail audit(**store, clock);
    gate::Freezes freezes(**store);
    gate::BotNonces bot_nonces(**store);
    gate::Usage usage(context.get_executor(), **store);
    account::Changes changes(context.get_executor());
    gate::Backend backend{
        context.get_executor(),
        clock,
        *keeper,
        accounts,
        audit,
        freezes,
        bot_nonces,
        usage,
        changes,
        configuration->profile,
        protection,
        configuration->base_url,
        paths.config_file()
    };
    gate::Server server(backend, app::server_settings(*configuration, paths, *client_group));
    if (auto opened = server.open(); !opened) return fail(app::status_of(opened.error()), opened.error());

    app::LifeCycle life(context, backend, server, *upstream);
    backend.shut_down = [&life] { life.shut_down(); };
    backend.reload = app::Reload(*configuration, options.log_level, settings, backend);
    backend.clients = [&server] { return server.clients(); };
    life.unlock_with(app::start_key_file(*configuration));
    base::log(base::LogLevel::info, "ready", {{"socket", paths.client_socket().string()}});
    return life.run();
}

}  // namespace

int main(int argc, char** argv) {
    krakken::app::hold_hangups();
    const krakken::base::Protection protection = krakken::base::harden_process();
    // Before anything could copy or show the environment.
    auto keys = krakken::keeper::take_environment_keys(environ);
    const auto options = krakken::app::read_options(argc, argv);
    if (const int* status = std::get_if<int>(&options)) return *status;
    if (!keys) return fail(krakken::app::exit_configuration, keys.error());
    try {
        const int status = run(std::get<krakken::app::Options>(options), protection, std::move(*keys));
        krakken::app::stop_logging();
        return status;
    } catch (const std::exception& error) {
        krakken::app::stop_logging();
        return fail(krakken::app::exit_configuration, error.what());
    }
}
