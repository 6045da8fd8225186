#include "app/options.hpp"

#include "app/exit_status.hpp"
#include "protocol/version.hpp"

#include <CLI/CLI.hpp>

namespace krakken::app {

std::variant<Options, int> read_options(int argc, char** argv) {
    Options options;
    CLI::App program(
        "krakkend holds the keys of Kraken accounts and makes signed calls for local programs, which never "
        "see a secret.\n"
        "It runs in the foreground, logs to standard error and starts locked: open it with 'krakkenctl "
        "unlock',\n"
        "or make its vault with 'krakkenctl setup'."
    );
    program.add_option(
        "--config-dir",
        options.paths.config_dir,
        "folder of config.toml and secrets.enc (KRAKKEND_CONFIG_DIR)"
    );
    program.add_option(
        "--state-dir",
        options.paths.state_dir,
        "folder of nonce marks and other durable state (KRAKKEND_STATE_DIR)"
    );
    program.add_option(
        "--runtime-dir", options.paths.runtime_dir, "folder of the two sockets (KRAKKEND_RUNTIME_DIR)"
    );
    program
        .add_option(
            "--log-level", options.log_level, "trace, debug, info, warn or error; overrides config.toml"
        )
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
    program.add_flag(
        "--check-config", options.check_config, "read config.toml, say what is wrong with it, and exit"
    );
    program.set_version_flag("--version", "krakkend " + std::string(protocol::version));
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked = program.exit(error) == 0;
        return asked ? exit_drained : exit_configuration;
    }
    return options;
}

}  // namespace krakken::app
