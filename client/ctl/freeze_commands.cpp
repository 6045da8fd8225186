// freeze and thaw: an emergency.

#include <memory>

#include "commands.hpp"
#include "fields.hpp"
#include "grant_options.hpp"
#include "protocol/json_text.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

struct FreezeOptions {
    SecretSource source;
    std::string account;
    std::string bot;
    std::string reason;
    bool cancel_all = false;
};

void add_member(std::string& params, std::string_view name, const std::string& text) {
    if (text.empty()) return;
    params += params.size() > 1 ? "," : "";
    params += protocol::quote(name) + ":" + protocol::quote(text);
}

std::string scope_params(const FreezeOptions& options) {
    std::string params = "{";
    add_member(params, "account", options.account);
    add_member(params, "bot", options.bot);
    return params;
}

std::string readable_freeze(std::string_view result) {
    const Fields fields(result);
    std::string text =
        "Frozen: " + Fields(fields.raw("frozen")).text("scope") + ". Reads and cancels pass, nothing else.\n";
    for (const auto& [account, outcome] : Fields(fields.raw("canceled")).members())
        text += "Canceled on " + printable(account) + ": " + Fields(outcome).text("count") + " orders.\n";
    for (const auto& [account, why] : Fields(fields.raw("not_canceled")).members())
        text += wrap("NOT canceled on " + printable(account) + ": " + shown(why), 2);
    return text + "End it with: krakkenctl thaw\n";
}

Finished freeze(const Context& context, const FreezeOptions& options) {
    std::string params = scope_params(options);
    add_member(params, "reason", options.reason);
    if (options.cancel_all) params += ",\"cancel_all\":true";
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto result = daemon->request("freeze", params + "}");
    if (!result) return std::unexpected(result.error());
    const auto printed = finish(context, *result, readable_freeze);
    if (printed && !Fields(*result).raw("not_canceled").empty()) return ExitStatus::refused;
    return printed;
}

Finished thaw(const Context& context, const FreezeOptions& options) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto result = request_with_passphrase(*daemon, options.source, "thaw", scope_params(options) + "}");
    if (!result) return std::unexpected(result.error());
    return finish(context, *result, [](std::string_view text) {
        return "Thawed: " + Fields(text).text("thawed") + ".\n";
    });
}

void add_scope(CLI::App& command, FreezeOptions& options) {
    auto* account = command.add_option("--account", options.account, "Only this one")->type_name("NAME");
    command.add_option("--bot", options.bot, "Only this one")->type_name("NAME")->excludes(account);
}

}  // namespace

void add_freeze(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("freeze", "From now on nothing but reads and cancels");
    command->footer(
        "It holds over restarts, until 'krakkenctl thaw'. Bots are told the reason.\n"
        "Examples:\n"
        "  krakkenctl freeze --reason 'strange orders' --cancel-all\n"
        "  krakkenctl freeze --bot scalper --reason 'out of hand' --cancel-all"
    );
    auto options = std::make_shared<FreezeOptions>();
    add_scope(*command, *options);
    command->add_option("--reason", options->reason, "One line, which bots are told")
        ->required()
        ->type_name("TEXT");
    command->add_flag(
        "--cancel-all", options->cancel_all, "Cancel every open order, too (with --bot: its own)"
    );
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return freeze(with, *options); };
    });
}

void add_thaw(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("thaw", "End a freeze");
    command->footer(
        "It asks for the vault's passphrase, where there is a vault.\n"
        "Examples:\n"
        "  krakkenctl thaw\n"
        "  krakkenctl thaw --bot scalper"
    );
    auto options = std::make_shared<FreezeOptions>();
    add_scope(*command, *options);
    add_passphrase_options(*command, options->source, "the passphrase");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return thaw(with, *options); };
    });
}

}  // namespace krakken::ctl
