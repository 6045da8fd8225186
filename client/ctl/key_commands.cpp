#include "key_commands.hpp"

#include <memory>

#include "account_entry.hpp"
#include "fields.hpp"
#include "readable.hpp"
#include "report.hpp"
#include "secrets.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;
using Hand = client::Outcome<std::string> (*)(client::Client&, const AccountEntry&);

struct KeyOptions {
    SecretSource source;
    std::string name;
    std::string replaces;
    std::string save = "validated";
    bool with_otp = false;
};

Finished hand_over(const Context& context, const KeyOptions& options, Hand hand, const Readable& readable) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    print_error(key_notice());
    SecretReader reader(options.source);
    AccountEntry entry = read_key(reader, options.with_otp);
    entry.name = options.name;
    entry.replaces = options.replaces;
    entry.save = options.save;
    const auto result = hand(*daemon, entry);
    if (!result) return std::unexpected(result.error());
    return finish(context, *result, readable);
}

std::string readable_replacement(std::string_view result) {
    const Fields fields(result);
    const Fields retired(fields.raw("retired"));
    return readable_validation(result) +
           wrap("Key " + retired.text("key") + " is retired: nothing is sent with it any more.") +
           wrap("Next: " + fields.text("remedy") + ".");
}

std::shared_ptr<KeyOptions> add_options(CLI::App& command) {
    auto options = std::make_shared<KeyOptions>();
    command.add_option("name", options->name, "The account's name")->required();
    command.add_option("--save", options->save, "validated (default) or anyway")
        ->check(CLI::IsMember({"validated", "anyway"}).description(""))
        ->type_name("WHEN");
    command.add_flag("--otp", options->with_otp, "The key has a password of its own (two-factor)");
    add_stdin_option(command, options->source, "API key, API secret (--otp: password)");
    return options;
}

}  // namespace

void add_add_key(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("add-key", "Give an account another key, for calls in parallel");
    command->footer(
        "Make the key at Kraken in the same account. Calls take whichever key is free and\n"
        "has the permission; each key needs the rights for the calls it is to make.\n"
        "Examples:\n"
        "  krakkenctl account add-key bot1                asks for API key and secret\n"
        "  krakkenctl account add-key bot1 --stdin < two-lines\n"
        "--save anyway saves the key even if Kraken refuses it, or does not tell whose it\n"
        "is. One of another account is never saved.\n\n" +
        key_notice()
    );
    auto options = add_options(*command);
    command->callback([&context, options] {
        context.command = [options](const Context& with) {
            return hand_over(with, *options, add_key, readable_validation);
        };
    });
}

void add_replace_key(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("replace-key", "Put a new key in the place of an old one");
    command->footer(
        "Make the new key at Kraken in the same account first. Calls go on meanwhile;\n"
        "when those with the old key have ended, it is removed from the vault. Then\n"
        "delete it at Kraken.\n"
        "Examples:\n"
        "  krakkenctl account replace-key bot1            asks for API key and secret\n"
        "  krakkenctl account replace-key bot1 --key 3f9c21aa --stdin < two-lines\n\n" +
        key_notice()
    );
    auto options = add_options(*command);
    command->add_option("--key", options->replaces, "Which is replaced, where there are several");
    command->callback([&context, options] {
        context.command = [options](const Context& with) {
            return hand_over(with, *options, replace_key, readable_replacement);
        };
    });
}

}  // namespace krakken::ctl
