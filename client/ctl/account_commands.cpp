// account list, add, remove, validate; import is in import_command.cpp, add-key and replace-key in
// key_commands.cpp.

#include <memory>

#include "account_entry.hpp"
#include "commands.hpp"
#include "fields.hpp"
#include "import_command.hpp"
#include "key_commands.hpp"
#include "protocol/json_text.hpp"
#include "readable.hpp"
#include "report.hpp"
#include "secrets.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

struct AddOptions {
    SecretSource source;
    std::string name;
    SaveOptions save;
};

struct KeyOptions {
    std::string name;
    std::string key;
};

std::string readable_list(std::string_view result) {
    std::vector<Row> rows;
    for (const auto item : items(result)) {
        const Fields account(item);
        for (const auto raw_key : items(account.raw("keys"))) {
            const Fields key(raw_key);
            const std::string at = key.text("validated_at");
            const std::string whether = key.is_true("validated") ? "yes" : "no";
            rows.push_back(
                {account.text("name"),
                 account.text("source"),
                 key.text("key"),
                 key.text("state"),
                 at.empty() ? whether : at}
            );
        }
    }
    if (rows.empty()) return "There is no account. Next: krakkenctl account add NAME\n";
    return render_table(
        {{.title = "ACCOUNT", .shrinks = true}, {"SOURCE"}, {"KEY"}, {"STATE"}, {"VALIDATED"}}, rows
    );
}

Finished add(const Context& context, const AddOptions& options) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    print_error(key_notice());
    SecretReader reader(options.source);
    AccountEntry entry = read_key(reader, options.save.with_otp);
    entry.name = options.name;
    entry.tier = options.save.tier;
    entry.save = options.save.save;
    const auto result = add_account(*daemon, entry);
    if (!result) {
        if (!context.json && can_save_unvalidated(result.error())) print_error(unvalidated_hint);
        return std::unexpected(result.error());
    }
    return finish(context, *result, readable_validation);
}

std::string params_of(const KeyOptions& options) {
    std::string params = "{\"name\":" + protocol::quote(options.name);
    if (!options.key.empty()) params += ",\"key\":" + protocol::quote(options.key);
    return params + "}";
}

std::shared_ptr<KeyOptions> add_key_options(CLI::App& command) {
    auto options = std::make_shared<KeyOptions>();
    command.add_option("name", options->name, "The account's name")->required();
    command.add_option("--key", options->key, "Only this key of it, as 'account list' names it");
    return options;
}

void add_list(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("list", "List accounts and the hashed names of keys");
    command->footer(
        "SOURCE is the vault or krakkend's environment.\n"
        "Examples:\n"
        "  krakkenctl account list\n"
        "  krakkenctl account list --json"
    );
    command->callback([&context] {
        context.command = [](const Context& with) {
            return ask_and_print(with, SocketKind::client, "account.list", "{}", readable_list);
        };
    });
}

void add_add(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("add", "Have Kraken validate an API key, and save it");
    command->footer(
        "Examples:\n"
        "  krakkenctl account add bot1                    asks for API key and secret\n"
        "  krakkenctl account add bot1 --stdin < two-lines\n"
        "--save validated saves the key only if Kraken accepts it, unvalidated also if\n"
        "Kraken cannot be asked, anyway also if Kraken refuses it.\n\n" +
        key_notice()
    );
    auto options = std::make_shared<AddOptions>();
    command->add_option("name", options->name, "A name of your choice: a-z, 0-9, '_', '-'")->required();
    add_save_options(*command, options->save);
    add_stdin_option(*command, options->source, "API key, API secret (--otp: password)");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return add(with, *options); };
    });
}

void add_validate(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("validate", "Ask Kraken again whether saved keys are good");
    command->footer(
        "Shows what the keys may do and judges them. It also ends the pause of a key\n"
        "that Kraken has refused, once the cause is gone.\n"
        "Examples:\n"
        "  krakkenctl account validate master\n"
        "  krakkenctl account validate master --key 3f9c21aa"
    );
    auto options = add_key_options(*command);
    command->callback([&context, options] {
        context.command = [options](const Context& with) {
            return ask_and_print(
                with, SocketKind::admin, "account.validate", params_of(*options), readable_validation
            );
        };
    });
}

void add_remove(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("remove", "Remove an account, or one of its keys");
    command->footer(
        "The key still exists at Kraken: delete it there, too, when it is of no use.\n"
        "Examples:\n"
        "  krakkenctl account remove bot1\n"
        "  krakkenctl account remove bot1 --key 3f9c21aa"
    );
    auto options = add_key_options(*command);
    command->callback([&context, options] {
        context.command = [options](const Context& with) {
            return ask_and_print(
                with,
                SocketKind::admin,
                "account.remove",
                params_of(*options),
                [&](std::string_view) {
                    const std::string key = options->key.empty() ? "" : "key " + options->key + " of ";
                    return wrap("Removed " + key + "account " + options->name + " from the vault.");
                }
            );
        };
    });
}

}  // namespace

void add_account(CLI::App& app, Context& context) {
    auto* group = app.add_subcommand("account", "The accounts and their keys");
    add_list(*group, context);
    add_add(*group, context);
    add_import(*group, context);
    add_add_key(*group, context);
    add_replace_key(*group, context);
    add_remove(*group, context);
    add_validate(*group, context);
}

}  // namespace krakken::ctl
