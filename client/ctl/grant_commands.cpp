// grant set, list, remove: what users and groups of this machine may do.

#include <memory>

#include "commands.hpp"
#include "fields.hpp"
#include "grant_options.hpp"
#include "protocol/json_text.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

struct HolderOptions {
    SecretSource source;
    std::string holder;
};

Finished send(
    const Context& context,
    const HolderOptions& options,
    std::string_view method,
    const std::string& more,
    const Readable& readable
) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const std::string params = "{\"holder\":" + protocol::quote(options.holder) + more + "}";
    const auto result = request_with_passphrase(*daemon, options.source, method, params);
    if (!result) return std::unexpected(result.error());
    return finish(context, *result, readable);
}

std::string readable_list(std::string_view result) {
    std::vector<Row> rows;
    for (const std::string_view item : items(result)) {
        const Fields grant(item);
        std::string rights;
        for (const std::string_view right : items(grant.raw("allow")))
            rights += (rights.empty() ? "" : ",") + shown(right);
        std::string accounts;
        for (const std::string_view account : items(grant.raw("accounts")))
            accounts += (accounts.empty() ? "" : ",") + shown(account);
        rows.push_back({grant.text("holder"), accounts, rights, grant.text("mode")});
    }
    if (rows.empty()) return "None. krakkend's own user and root may read, trade, cancel all and export.\n";
    return render_table(
        {{.title = "HOLDER", .shrinks = true},
         {.title = "ACCOUNTS", .shrinks = true},
         {.title = "MAY", .shrinks = true},
         {"MODE"}},
        rows
    );
}

void add_set(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("set", "Say what a user or a group may do");
    command->footer(
        std::string(grant_help) +
        "\nIt counts for programs on the client socket that show no bot's key. krakkend's\n"
        "own user and root have read, trade and export unless they get a grant of their\n"
        "own (cancel-all, too, while nobody has any grant); everybody else has nothing\n"
        "without one.\n"
        "Examples:\n"
        "  krakkenctl grant set group:traders --account master --allow read,trade\n"
        "  krakkenctl grant set uid:1000 --account master --allow read\n"
        "What allows more than before asks for the vault's passphrase."
    );
    auto options = std::make_shared<HolderOptions>();
    command->add_option("holder", options->holder, "uid:NUMBER or group:NAME")->required();
    auto grant = add_grant_options(*command, Whole::yes);
    add_passphrase_options(*command, options->source, "the passphrase");
    command->callback([&context, options, grant] {
        context.command = [options, grant](const Context& with) {
            return send(with, *options, "grant.set", ",\"grant\":" + grant_json(*grant), readable_grant);
        };
    });
}

void add_list(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("list", "List what users and groups may do");
    command->footer("Example:\n  krakkenctl grant list");
    command->callback([&context] {
        context.command = [](const Context& with) {
            return ask_and_print(with, SocketKind::admin, "grant.list", "{}", readable_list);
        };
    });
}

void add_remove(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("remove", "Remove such a grant");
    command->footer(
        "A user without a grant has what is usual: see 'krakkenctl grant set --help'. So\n"
        "removing one of a user asks for the vault's passphrase.\n"
        "Example:\n"
        "  krakkenctl grant remove group:traders"
    );
    auto options = std::make_shared<HolderOptions>();
    command->add_option("holder", options->holder, "uid:NUMBER or group:NAME")->required();
    add_passphrase_options(*command, options->source, "the passphrase");
    command->callback([&context, options] {
        context.command = [options](const Context& with) {
            return send(with, *options, "grant.remove", "", [options](std::string_view) {
                return "Removed: the grant of " + options->holder + ".\n";
            });
        };
    });
}

}  // namespace

void add_grant(CLI::App& app, Context& context) {
    auto* group = app.add_subcommand("grant", "What users and groups of this machine may do");
    add_set(*group, context);
    add_list(*group, context);
    add_remove(*group, context);
}

}  // namespace krakken::ctl
