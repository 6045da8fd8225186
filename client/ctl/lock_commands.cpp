// unlock and lock.

#include <memory>

#include "arguments.hpp"
#include "commands.hpp"
#include "fields.hpp"
#include "protocol/json_text.hpp"
#include "secrets.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

struct UnlockOptions {
    SecretSource source;
    std::string key_file;
};

std::string unlocked(std::string_view result) {
    const std::string accounts = Fields(result).text("accounts");
    return "Unlocked: " + accounts + (accounts == "1" ? " account.\n" : " accounts.\n");
}

Finished unlock(const Context& context, const UnlockOptions& options) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    client::Outcome<std::string> result;
    if (options.key_file.empty()) {
        const auto passphrase =
            SecretReader(options.source).passphrase("the passphrase", "Passphrase of the vault: ");
        result = daemon->request("unlock", client::secret_object({{"passphrase", passphrase.view()}}));
    } else {
        const std::string path = absolute_path(options.key_file);
        result = daemon->request("unlock", "{\"key_file\":" + protocol::quote(path) + "}");
    }
    if (!result) return std::unexpected(std::move(result.error()));
    return finish(context, *result, unlocked);
}

}  // namespace

void add_unlock(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("unlock", "Open the vault, so that private calls are served");
    command->footer(
        "Examples:\n"
        "  krakkenctl unlock                          asks for the passphrase\n"
        "  krakkenctl unlock --stdin < passphrase     reads it from standard input\n"
        "When it is unlocked already, the passphrase is still verified."
    );
    auto options = std::make_shared<UnlockOptions>();
    add_passphrase_options(*command, options->source, "the passphrase");
    command->add_option("--key-file", options->key_file, "Open it with this key file instead")
        ->type_name("PATH")
        ->excludes("--stdin")
        ->excludes("--passphrase-file");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return unlock(with, *options); };
    });
}

void add_lock(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("lock", "Wipe every secret from the daemon's memory");
    command->footer(
        "Calls in flight finish; private calls are refused until 'krakkenctl unlock'.\n"
        "Keys from krakkend's environment are wiped, too; they come back by a restart.\n"
        "Example:\n"
        "  krakkenctl lock"
    );
    command->callback([&context] {
        context.command = [](const Context& with) {
            return ask_and_print(with, SocketKind::admin, "lock", "{}", [](std::string_view) {
                return std::string("Locked: every secret is wiped from krakkend's memory.\n");
            });
        };
    });
}

}  // namespace krakken::ctl
