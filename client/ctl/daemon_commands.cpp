// profile, endpoints, nonce status, version: what the daemon tells about itself.

#include <memory>

#include "commands.hpp"
#include "fields.hpp"
#include "protocol/json_text.hpp"
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

std::string readable_nonces(std::string_view result) {
    std::vector<Row> rows;
    for (const auto item : items(result)) {
        const Fields key(item);
        rows.push_back(
            {key.text("account"),
             key.text("key"),
             key.text("unit"),
             key.text("last"),
             key.text("lead_ms"),
             key.text("state")}
        );
    }
    if (rows.empty()) return "There is no key.\n";
    return render_table(
        {{.title = "ACCOUNT", .shrinks = true},
         {"KEY"},
         {"UNIT"},
         {.title = "LAST NONCE", .right = true},
         {.title = "LEAD MS", .right = true},
         {"STATE"}},
        rows
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
    choose(*command, context, "profile", readable_profile);
}

void add_endpoints(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("endpoints", "List Kraken's endpoints, effects and permissions");
    choose(*command, context, "endpoints", readable_endpoints);
}

void add_nonce(CLI::App& app, Context& context) {
    auto* group = app.add_subcommand("nonce", "Nonces of the API keys");
    auto* command = group->add_subcommand("status", "Show every key's last nonce and its lead");
    auto account = std::make_shared<std::string>();
    command->add_option("--account", *account, "Only this account's keys");
    command->callback([&context, account] {
        context.command = [account](const Context& with) {
            const std::string params =
                account->empty() ? "{}" : "{\"account\":" + protocol::quote(*account) + "}";
            return ask_and_print(with, SocketKind::client, "nonce.status", params, readable_nonces);
        };
    });
}

void add_version(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("version", "Show the versions of krakkenctl and of the daemon");
    command->footer("'krakkenctl --version' needs no daemon.");
    choose(*command, context, "version", readable_version);
}

}  // namespace krakken::ctl
