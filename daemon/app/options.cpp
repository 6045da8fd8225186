#include "app/options.hpp"

#include "app/exit_status.hpp"
#include "protocol/version.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace krakken::app {

namespace {

// Within 80 columns.
constexpr const char* description =
    "krakkend holds the keys of Kraken accounts and makes signed calls for local\n"
    "programs, which never see a secret. It runs in the foreground, logs to standard\n"
    "error and starts locked: open it with 'krakkenctl unlock', or make its vault\n"
    "with 'krakkenctl setup'.\n";

constexpr const char* footer =
    "Exit status: 0 ended in order; 1 another krakkend has the state folder;\n"
    "70 a bug; 74 state cannot be used; 78 wrong usage or configuration.";

// What this is goes to a log, and a word that nobody expected may be a secret: the name of an option is all
// that is repeated.
std::string unknown(const CLI::App& program) {
    for (const std::string& word : program.remaining())
        if (word.starts_with("--")) return "there is no option " + word.substr(0, word.find('='));
    return "it takes no words but options";
}

}  // namespace

std::variant<Options, int> read_options(int argc, char** argv) {
    Options options;
    CLI::App program(description, "krakkend");
    program
        .add_option("--config-dir", options.paths.config_dir, "config.toml, vault (or KRAKKEND_CONFIG_DIR)")
        ->type_name("PATH");
    program.add_option("--state-dir", options.paths.state_dir, "Nonce marks (or KRAKKEND_STATE_DIR)")
        ->type_name("PATH");
    program.add_option("--runtime-dir", options.paths.runtime_dir, "Sockets (or KRAKKEND_RUNTIME_DIR)")
        ->type_name("PATH");
    CLI::IsMember levels({"trace", "debug", "info", "warn", "error"});
    levels.description("");
    program.add_option("--log-level", options.log_level, "Over config.toml: trace, debug, info, warn, error")
        ->type_name("LEVEL")
        ->check(levels);
    program.add_flag("--check-config", options.check_config, "Say what is wrong with config.toml and exit");
    program.set_version_flag("--version", "krakkend " + std::string(protocol::version));
    program.footer(footer);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ExtrasError&) {
        std::fprintf(
            stderr, "krakkend: %s\nRun with --help for more information.\n", unknown(program).c_str()
        );
        return exit_configuration;
    } catch (const CLI::ParseError& error) {
        const bool asked = program.exit(error) == 0;
        return asked ? exit_drained : exit_configuration;
    }
    return options;
}

}  // namespace krakken::app
