// bot add, change, list, show, rotate, revoke: programs with a key of their own.

#include <memory>

#include "arguments.hpp"
#include "commands.hpp"
#include "fields.hpp"
#include "grant_options.hpp"
#include "protocol/json_text.hpp"
#include "report.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

struct BotOptions {
    SecretSource source;
    std::string name;
    std::string grace = "3600";
};

std::string name_params(const std::string& name) {
    return "{\"name\":" + protocol::quote(name) + "}";
}

std::string name_and_grant(const std::string& name, const std::string& grant) {
    return "{\"name\":" + protocol::quote(name) + ",\"grant\":" + grant + "}";
}

std::string readable_key(std::string_view result) {
    const Fields fields(result);
    return "API key:    " + fields.text("api_key") + "\nAPI secret: " + fields.text("api_secret") + "\n" +
           wrap(
               "Shown this once. The program uses them as it would use Kraken's, and krakkend's address "
               "instead of Kraken's."
           );
}

std::string readable_list(std::string_view result) {
    std::vector<Row> rows;
    for (const std::string_view item : items(result)) {
        const Fields bot(item);
        std::string rights;
        for (const std::string_view right : items(bot.raw("allow")))
            rights += (rights.empty() ? "" : ",") + shown(right);
        rows.push_back(
            {bot.text("name"), bot.text("account"), rights, bot.text("mode"), bot.text("expires_at")}
        );
    }
    if (rows.empty()) return "No bots. Make one: krakkenctl bot add NAME --account A --allow read\n";
    return render_table(
        {{.title = "NAME", .shrinks = true},
         {.title = "ACCOUNT", .shrinks = true},
         {.title = "MAY", .shrinks = true},
         {"MODE"},
         {"EXPIRES"}},
        rows
    );
}

Finished send(
    const Context& context,
    const SecretSource& source,
    std::string_view method,
    const std::string& params,
    const Readable& readable
) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto result = request_with_passphrase(*daemon, source, method, params);
    if (!result) return std::unexpected(result.error());
    return finish(context, *result, readable);
}

// The members of the grant alone, out of what 'bot show' answers.
std::string grant_in(std::string_view shown) {
    std::string grant;
    for (const auto& [name, value] : Fields(shown).members()) {
        if (name == "name" || name == "keys" || name == "account") continue;
        grant += (grant.empty() ? "{" : ",") + protocol::quote(name) + ":" + std::string(value);
    }
    return grant + "}";
}

Finished change(const Context& context, const BotOptions& options, const GrantOptions& grant) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto before = daemon->request("bot.show", name_params(options.name));
    if (!before) return std::unexpected(before.error());
    const std::string params = name_and_grant(options.name, grant_json(grant, grant_in(*before)));
    const auto result = request_with_passphrase(*daemon, options.source, "bot.change", params);
    if (!result) return std::unexpected(result.error());
    return finish(context, *result, readable_grant);
}

void add_add(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("add", "Make a bot, and the key that it signs with");
    command->footer(
        std::string(grant_help) +
        "\nExamples:\n"
        "  krakkenctl bot add watcher --account master --allow read\n"
        "  krakkenctl bot add scalper --account master --allow read,trade \\\n"
        "      --pairs XBTUSD --order-types limit --max-order-notional 100USD\n"
        "It asks for the vault's passphrase."
    );
    auto options = std::make_shared<BotOptions>();
    command->add_option("name", options->name, "The bot's name")->required();
    auto grant = add_grant_options(*command, Whole::yes);
    add_passphrase_options(*command, options->source, "the passphrase");
    command->callback([&context, options, grant] {
        context.command = [options, grant](const Context& with) {
            return send(
                with,
                options->source,
                "bot.add",
                name_and_grant(options->name, grant_json(*grant)),
                [](std::string_view result) { return readable_grant(result) + readable_key(result); }
            );
        };
    });
}

void add_change(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("change", "Change what a bot may do");
    command->footer(
        "What is not named stays as it is; a limit of 'none' is taken away. What allows\n"
        "more than before asks for the vault's passphrase.\n"
        "Examples:\n"
        "  krakkenctl bot change scalper --max-order-notional 50USD\n"
        "  krakkenctl bot change scalper --allow read"
    );
    auto options = std::make_shared<BotOptions>();
    command->add_option("name", options->name, "The bot's name")->required();
    auto grant = add_grant_options(*command, Whole::no);
    add_passphrase_options(*command, options->source, "the passphrase");
    command->callback([&context, options, grant] {
        context.command = [options, grant](const Context& with) { return change(with, *options, *grant); };
    });
}

void add_list(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("list", "List the bots");
    command->footer("Example:\n  krakkenctl bot list");
    command->callback([&context] {
        context.command = [](const Context& with) {
            return ask_and_print(with, SocketKind::admin, "bot.list", "{}", readable_list);
        };
    });
}

void add_show(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("show", "Show what a bot may do");
    command->footer("Example:\n  krakkenctl bot show scalper");
    auto name = std::make_shared<std::string>();
    command->add_option("name", *name, "The bot's name")->required();
    command->callback([&context, name] {
        context.command = [name](const Context& with) {
            return ask_and_print(with, SocketKind::admin, "bot.show", name_params(*name), readable_grant);
        };
    });
}

void add_rotate(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("rotate", "Make a new key; the old one ends after a while");
    command->footer(
        "Examples:\n"
        "  krakkenctl bot rotate scalper               the old key serves for an hour\n"
        "  krakkenctl bot rotate scalper --grace 0     it ends at once\n"
        "It asks for the vault's passphrase."
    );
    auto options = std::make_shared<BotOptions>();
    command->add_option("name", options->name, "The bot's name")->required();
    command->add_option("--grace", options->grace, "Seconds for the old key [3600]")
        ->check(CLI::Range(0L, 2'592'000L).description(""))
        ->type_name("S");
    add_passphrase_options(*command, options->source, "the passphrase");
    command->callback([&context, options] {
        context.command = [options](const Context& with) {
            const std::string params =
                "{\"name\":" + protocol::quote(options->name) + ",\"grace_s\":" + options->grace + "}";
            return send(with, options->source, "bot.rotate", params, readable_key);
        };
    });
}

void add_revoke(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("revoke", "Remove a bot and its keys, at once");
    command->footer("Example:\n  krakkenctl bot revoke scalper");
    auto name = std::make_shared<std::string>();
    command->add_option("name", *name, "The bot's name")->required();
    command->callback([&context, name] {
        context.command = [name](const Context& with) {
            return ask_and_print(
                with,
                SocketKind::admin,
                "bot.revoke",
                name_params(*name),
                [&name](std::string_view) {
                    return "Revoked: " + *name + ". Its keys are refused from now on.\n";
                }
            );
        };
    });
}

}  // namespace

void add_bot(CLI::App& app, Context& context) {
    auto* group = app.add_subcommand("bot", "Programs with keys of their own, what they may do");
    add_add(*group, context);
    add_change(*group, context);
    add_list(*group, context);
    add_show(*group, context);
    add_rotate(*group, context);
    add_revoke(*group, context);
}

}  // namespace krakken::ctl
