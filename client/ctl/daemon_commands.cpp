// profile, endpoints, version: what the daemon tells about itself.

#include "commands.hpp"
#include "fields.hpp"
#include "protocol/version.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

std::string readable_profile(std::string_view result) {
    const Fields profile(result);
    std::string text = "Region: " + profile.text("region") + "\n";
    std::vector<Row> rows;
    const Fields capabilities(profile.raw("capabilities"));
    for (const auto& member : capabilities.members())
        rows.push_back({printable(member.name), member.value == "true" ? "yes" : "no"});
    return text + render_table({{"CAPABILITY"}, {"ALLOWED"}}, rows);
}

std::string readable_endpoints(std::string_view result) {
    std::vector<Row> rows;
    for (const auto item : items(result)) {
        const Fields endpoint(item);
        rows.push_back(
            {endpoint.text("name"),
             endpoint.text("kind"),
             endpoint.text("effect"),
             endpoint.text("permission")}
        );
    }
    return render_table(
        {{"ENDPOINT"}, {"KIND"}, {"EFFECT"}, {.title = "PERMISSION OF THE KEY", .shrinks = true}}, rows
    );
}

void choose(
    CLI::App& command, Context& context, const char* method, std::string (*readable)(std::string_view)
) {
    command.callback([&context, method, readable] {
        context.command = [method, readable](const Context& with) {
            return ask_and_print(with, SocketKind::client, method, "{}", readable);
        };
    });
}

std::string readable_version(std::string_view result) {
    const Fields daemon(result);
    return "krakkenctl " + std::string(protocol::version) + "\nkrakkend   " + daemon.text("version") +
           " (protocol " + daemon.text("protocol") + ")\n";
}

}  // namespace

void add_profile(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("profile", "Show the region and what the configuration allows");
    command->footer(
        "What is not allowed is refused by krakkend, whoever asks (-32003). It stands in\n"
        "config.toml: region, and [capabilities].\n"
        "Example:\n"
        "  krakkenctl profile --json"
    );
    choose(*command, context, "profile", readable_profile);
}

void add_endpoints(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("endpoints", "List Kraken's endpoints, effects and permissions");
    command->footer(
        "EFFECT: read; cancel and place act on orders; fund moves money, token hands out\n"
        "a credential: these two are refused.\n"
        "Examples:\n"
        "  krakkenctl endpoints\n"
        "  krakkenctl endpoints --json"
    );
    choose(*command, context, "endpoints", readable_endpoints);
}

void add_version(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("version", "Show the versions of krakkenctl and of the daemon");
    command->footer(
        "'krakkenctl --version' needs no daemon.\n"
        "Example:\n"
        "  krakkenctl version --json"
    );
    choose(*command, context, "version", readable_version);
}

}  // namespace krakken::ctl
