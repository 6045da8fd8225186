#include "commands.hpp"

#include <algorithm>
#include <array>

#include "arguments.hpp"
#include "protocol/environment.hpp"
#include "protocol/nearest_name.hpp"
#include "protocol/version.hpp"
#include "report.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

// In the order in which --help shows them.
constexpr std::array commands{
    add_setup,     add_unlock, add_lock,    add_status, add_wait,   add_call,    add_intent, add_account,
    add_bot,       add_grant,  add_whoami,  add_check,  add_freeze, add_thaw,    add_vault,  add_profile,
    add_endpoints, add_nonce,  add_gateway, add_audit,  add_doctor, add_version,
};

constexpr const char* description =
    "krakkenctl: talks to krakkend, the daemon that holds your Kraken API keys.\n"
    "New here? Start 'krakkend', then type 'krakkenctl setup'.\n";

constexpr const char* footer =
    "Examples:\n"
    "  krakkenctl setup                          first time: vault and first API key\n"
    "  krakkenctl unlock                         after every start of krakkend\n"
    "  krakkenctl status                         how it is\n"
    "  krakkenctl doctor                         what is wrong, and what to do\n"
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

// What could stand where `unknown` stands: options, or the names of commands.
std::vector<std::string> known_beside(const CLI::App& command, const std::string& unknown) {
    std::vector<std::string> names;
    if (unknown.starts_with('-')) {
        for (const auto* each = &command; each != nullptr; each = each->get_parent())
            for (const auto* option : each->get_options())
                for (const auto& name : option->get_lnames())
                    names.push_back("--" + name);
    } else {
        for (const auto* each : command.get_subcommands([](const CLI::App*) { return true; }))
            names.push_back(each->get_name());
    }
    return names;
}

// The known name that was meant, if there is one that begins alike.
std::string suggestion(const CLI::App& command, const std::string& unknown) {
    const std::vector<std::string> known = known_beside(command, unknown);
    if (known.empty()) return {};
    const std::string nearest = protocol::nearest_name(unknown, known);
    const auto first = [](std::string_view name) {
        const std::size_t at = name.find_first_not_of('-');
        return at == std::string_view::npos ? '-' : name[at];
    };
    return first(nearest) == first(unknown) ? nearest : std::string();
}

// The command that was chosen, the innermost one, with the words that lead to it.
std::pair<const CLI::App*, std::string> innermost(const CLI::App& app) {
    const CLI::App* command = &app;
    std::string words = app.get_name();
    while (!command->get_subcommands().empty()) {
        command = command->get_subcommands().front();
        words += " " + command->get_name();
    }
    return {command, words};
}

// What to do about a command line that is not understood.
std::string advice(const CLI::App& app, const CLI::ParseError& error) {
    const auto [command, words] = innermost(app);
    std::string text = "run: " + words + " --help";
    const auto unknown = app.remaining(true);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr || unknown.empty()) return text;
    const std::string meant = suggestion(*command, unknown.front());
    return meant.empty() ? text : "did you mean '" + meant + "'? Else " + text;
}

// What is wrong with a command line. A word that no command takes may be a secret, which is never taken from
// there: it is not repeated, but for the name of an option or of what should be a command.
std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
    const auto unknown = app.remaining(true);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr || unknown.empty()) return error.what();
    const auto option =
        std::ranges::find_if(unknown, [](const std::string& word) { return word.starts_with('-'); });
    if (option != unknown.end())
        return "there is no option " + option->substr(0, option->starts_with("--") ? option->find('=') : 2);
    const bool is_group =
        !innermost(app).first->get_subcommands([](const CLI::App*) { return true; }).empty();
    if (is_group) return "there is no command " + unknown.front();
    return "more words than the command takes; a secret is never one of them: it is asked for, or read by "
           "--stdin";
}

int refuse(const Context& context, const std::string& sentence, const std::string& remedy) {
    const auto failure = client::make_failure(client::FailureKind::unsent, sentence, remedy);
    if (context.json) print_json(failure.json);
    print_error(explain(failure));
    return status_of(exit_status(failure));
}

// No command, or a group of commands ("account") without one of its own: the help says what there is.
int explain_use(const CLI::App& app, const Context& context) {
    const auto [command, words] = innermost(app);
    if (context.json) return refuse(context, "no command is given", "run: " + words + " --help");
    print_error(command == &app ? app.help() : command->help(app.get_name()));
    return status_of(ExitStatus::usage);
}

// Variables that would be silently without effect.
void warn_of_misspelt_variables() {
    for (const auto& variable : protocol::misspelt_variables(protocol::environment_names()))
        print_error(wrap(
            "Warning: the environment variable " + printable(variable.name) + " is not known; did you mean " +
                variable.nearest + "?",
            2
        ));
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
        if (!context.command) return explain_use(app, context);
        warn_of_misspelt_variables();
        const Finished finished = context.command(context);
        if (finished) return status_of(*finished);
        if (context.json) print_json(finished.error().json);
        print_error(explain(finished.error()));
        return status_of(exit_status(finished.error()));
    } catch (const CLI::Success& wanted) {  // --help, --version
        return app.exit(wanted);
    } catch (const CLI::ParseError& error) {
        return refuse(context, complaint(app, error), advice(app, error));
    } catch (const UsageError& error) {
        return refuse(context, error.what(), {});
    }
}

}  // namespace krakken::ctl
