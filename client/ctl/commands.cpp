#include "commands.hpp"

#include <array>

#include "arguments.hpp"
#include "protocol/version.hpp"
#include "report.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

// In the order in which --help shows them.
constexpr std::array commands{
    add_setup,
    add_unlock,
    add_lock,
    add_status,
    add_wait,
    add_call,
    add_account,
    add_vault,
    add_profile,
    add_endpoints,
    add_nonce,
    add_version,
};

constexpr const char* description =
    "krakkenctl: talks to krakkend, the daemon that holds your Kraken API keys.\n"
    "New here? Start 'krakkend', then type 'krakkenctl setup'.\n";

constexpr const char* footer =
    "Examples:\n"
    "  krakkenctl setup                          first time: vault and first API key\n"
    "  krakkenctl unlock                         after every start of krakkend\n"
    "  krakkenctl status                         how it is\n"
    "  krakkenctl call Balance                   a signed call at Kraken\n"
    "  krakkenctl call Ticker pair=XBTUSD --json the bytes of Kraken's result\n"
    "\n"
    "Exit status: 0 done; 1 refused, nothing executed; 2 wrong usage; 3 no daemon\n"
    "that can be trusted; 4 locked, or no vault yet; 5 outcome unknown: do not\n"
    "repeat, look it up; 75 temporary, nothing executed, try again.\n"
    "Options of all commands may also stand behind the command's name.";

int status_of(ExitStatus status) {
    return static_cast<int>(status);
}

// No command, or a group of commands ("account") without one of its own: the help says what there is.
int explain_use(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    print_error(chosen.empty() ? app.help() : chosen.front()->help(app.get_name()));
    return status_of(ExitStatus::usage);
}

}  // namespace

void add_commands(CLI::App& app, Context& context) {
    app.description(description);
    app.set_version_flag("--version", "krakkenctl " + std::string(protocol::version));
    app.add_flag("--json", context.json, "Print the raw result or error, one document");
    app.add_option("--socket", context.socket, "Its client socket (or KRAKKEND_SOCKET)")->type_name("PATH");
    app.add_option("--runtime-dir", context.runtime_dir, "Folder of its sockets (or KRAKKEND_RUNTIME_DIR)")
        ->type_name("PATH");
    app.add_option("--state-dir", context.state_dir, "Folder of its state (or KRAKKEND_STATE_DIR)")
        ->type_name("PATH");
    app.add_option("--config-dir", context.config_dir, "Its configuration (or KRAKKEND_CONFIG_DIR)")
        ->type_name("PATH");
    app.fallthrough();
    for (const auto add : commands)
        add(app, context);
    app.footer(footer);  // last, or the commands would inherit it
}

int run(int argument_count, const char* const* arguments) {
    CLI::App app;
    app.name("krakkenctl");
    Context context;
    add_commands(app, context);
    try {
        app.parse(argument_count, arguments);
        if (!context.command) return explain_use(app);
        const Finished finished = context.command(context);
        if (finished) return status_of(*finished);
        if (context.json) print_json(finished.error().json);
        print_error(explain(finished.error()));
        return status_of(exit_status(finished.error()));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? status_of(ExitStatus::done) : status_of(ExitStatus::usage);
    } catch (const UsageError& error) {
        print_error(wrap("krakkenctl: " + printable(error.what()), 2) + "  Nothing was executed.\n");
        return status_of(ExitStatus::usage);
    }
}

}  // namespace krakken::ctl
