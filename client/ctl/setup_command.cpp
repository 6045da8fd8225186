// setup: leads a new user from nothing to the first signed call.

#include <algorithm>
#include <memory>

#include "account_entry.hpp"
#include "arguments.hpp"
#include "commands.hpp"
#include "fields.hpp"
#include "readable.hpp"
#include "report.hpp"
#include "secrets.hpp"
#include "terminal.hpp"

namespace krakken::ctl {

namespace {

struct SetupOptions {
    SecretSource source;
    std::string account = "master";
};

constexpr std::string_view welcome =
    "krakkend keeps your Kraken API keys in one encrypted file, the vault, and makes\n"
    "signed calls for your programs, so that none of them ever needs a secret.\n"
    "This takes two steps: a vault with a passphrase, then your first API key.\n\n";

constexpr std::string_view vault_step =
    "Step 1 of 2: the vault.\n"
    "Choose a passphrase. It encrypts the vault, you will be asked for it after every\n"
    "start of krakkend, and it cannot be recovered: keep it safe.\n";

// An open vault, made now if there is none. Nothing: it is open.
std::optional<client::Failure> open_vault(
    client::Client& daemon, const Fields& status, const SecretSource& source, SecretReader& reader
) {
    client::Outcome<std::string> done;
    if (!Fields(status.raw("vault")).is_true("exists")) {
        print_error(vault_step);
        const auto passphrase = reader.new_passphrase("the passphrase", "New passphrase: ");
        done = daemon.request("vault.create", client::secret_object({{"passphrase", passphrase.view()}}));
    } else if (status.text("state") == "unlocked" && !source.from_stdin) {
        print_error("Step 1 of 2: there is a vault already, and it is unlocked.\n");
        return std::nullopt;
    } else {
        print_error("Step 1 of 2: there is a vault already. Its passphrase opens it.\n");
        const auto passphrase = reader.passphrase("the passphrase", "Passphrase of the vault: ");
        done = daemon.request("unlock", client::secret_object({{"passphrase", passphrase.view()}}));
    }
    if (!done) return std::move(done.error());
    print_error("The vault is open.\n\n");
    return std::nullopt;
}

bool holds(const Fields& status, std::string_view account) {
    return std::ranges::any_of(items(status.raw("accounts")), [&](std::string_view item) {
        return Fields(item).text("name") == account;
    });
}

AccountEntry read_entry(const std::string& name, SecretReader& reader) {
    AccountEntry entry;
    entry.name = name;
    entry.api_key = reader.secret("the API key", "API key: ");
    entry.api_secret = reader.secret("the API secret", "API secret (\"private key\" at Kraken): ");
    print_error("Asking Kraken whether it accepts the key ...\n");
    return entry;
}

bool is_refused_by_kraken(const client::Failure& failure) {
    return failure.code == static_cast<int>(protocol::ErrorCode::auth) ||
           failure.code == static_cast<int>(protocol::ErrorCode::permission);
}

// At a terminal a person may correct a key that was refused, and decide what to do when Kraken cannot be
// asked. A key that Kraken refused is never saved here.
client::Outcome<std::string> add_first_account(
    client::Client& daemon, const std::string& name, SecretReader& reader, bool at_terminal
) {
    AccountEntry entry = read_entry(name, reader);
    for (;;) {
        auto added = add_account(daemon, entry);
        if (added || !at_terminal) return added;
        if (is_refused_by_kraken(added.error())) {
            print_error(explain(added.error()));
            print_error("Kraken refused the key, so it was not saved.\n");
            if (ask("Enter key and secret again? [y/N] ") != "y") return added;
            entry = read_entry(name, reader);
        } else if (can_save_unvalidated(added.error())) {
            print_error(explain(added.error()));
            print_error("Kraken could not be asked. That says nothing about the key, which was not saved.\n");
            const std::string answer = ask("[r]etry, [s]ave it unvalidated, or [q]uit? ");
            if (answer != "r" && answer != "s") return added;
            entry.save = answer == "s" ? "unvalidated" : "validated";
        } else {
            return added;
        }
    }
}

Finished setup(const Context& context, const SetupOptions& options) {
    const bool at_terminal = !options.source.from_stdin;
    auto daemon = context.connect(protocol::SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto raw_status = daemon->request("status");
    if (!raw_status) return std::unexpected(raw_status.error());
    const Fields status(*raw_status);
    if (holds(status, options.account))
        throw UsageError(
            "there is an account '" + options.account +
            "' already; give the new one another name: --account NAME"
        );

    print_error(welcome);
    SecretReader reader(options.source);
    if (auto failure = open_vault(*daemon, status, options.source, reader))
        return std::unexpected(std::move(*failure));
    print_error("Step 2 of 2: the API key of account '" + options.account + "'.\n" + key_notice());
    const auto added = add_first_account(*daemon, options.account, reader, at_terminal);
    if (!added) {
        print_error(
            "The vault is made. Once the cause is gone: krakkenctl account add " + options.account + "\n"
        );
        return std::unexpected(added.error());
    }
    const auto readable = [&](std::string_view result) {
        return readable_validation(result) + "\nDone. Try it: krakkenctl call Balance --account " +
               options.account + "\n";
    };
    return finish(context, *added, readable);
}

}  // namespace

void add_setup(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("setup", "First time: make the vault, add the first key");
    command->footer(
        "krakkend must be running. Setup asks for everything that it needs.\n"
        "Examples:\n"
        "  krakkenctl setup\n"
        "  krakkenctl setup --account bot1 --stdin < three-lines\n\n" +
        key_notice()
    );
    auto options = std::make_shared<SetupOptions>();
    command->add_option("--account", options->account, "The account's name [master]");
    add_passphrase_options(*command, options->source, "passphrase, API key, API secret");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return setup(with, *options); };
    });
}

}  // namespace krakken::ctl
