// vault create, passphrase, add-key-file, remove-key-file.

#include <memory>

#include "arguments.hpp"
#include "commands.hpp"
#include "report.hpp"
#include "secrets.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

struct KeyFileOptions {
    SecretSource source;
    std::string path;
};

// A method that takes secrets: connects and verifies the server before `read` asks for them.
template <class Read>
Finished send_secret(const Context& context, std::string_view method, Read read, std::string_view done) {
    auto daemon = context.connect(SocketKind::admin);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const client::SecretText params = read();
    const auto result = daemon->request(method, params);
    if (!result) return std::unexpected(result.error());
    return finish(context, *result, [&](std::string_view) { return std::string(done); });
}

Finished create(const Context& context, const SecretSource& source) {
    const auto read = [&] {
        print_error("The passphrase encrypts your API keys. It cannot be recovered: keep it safe.\n");
        const auto passphrase = SecretReader(source).new_passphrase("the passphrase", "New passphrase: ");
        return client::secret_object({{"passphrase", passphrase.view()}});
    };
    return send_secret(
        context, "vault.create", read, "The vault is made and unlocked. Next: krakkenctl account add NAME\n"
    );
}

Finished change_passphrase(const Context& context, const SecretSource& source) {
    const auto read = [&] {
        SecretReader reader(source);
        const auto old = reader.secret("the old passphrase", "Old passphrase: ");
        const auto fresh = reader.new_passphrase("the new passphrase", "New passphrase: ");
        return client::secret_object({{"old", old.view()}, {"new", fresh.view()}});
    };
    return send_secret(context, "vault.change_passphrase", read, "The passphrase is changed.\n");
}

Finished key_file(
    const Context& context, const KeyFileOptions& options, std::string_view method, std::string_view done
) {
    const auto read = [&] {
        const auto passphrase =
            SecretReader(options.source).passphrase("the passphrase", "Passphrase of the vault: ");
        const std::string path = absolute_path(options.path);
        return client::secret_object({{"passphrase", passphrase.view()}, {"path", path}});
    };
    return send_secret(context, method, read, done);
}

void add_create(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("create", "Make a new vault and leave it unlocked");
    command->footer(
        "'krakkenctl setup' does this and the rest. The passphrase cannot be recovered.\n"
        "Examples:\n"
        "  krakkenctl vault create\n"
        "  krakkenctl vault create --stdin < passphrase"
    );
    auto source = std::make_shared<SecretSource>();
    add_passphrase_options(*command, *source, "the passphrase");
    command->callback([&context, source] {
        context.command = [source](const Context& with) { return create(with, *source); };
    });
}

void add_passphrase(CLI::App& group, Context& context) {
    auto* command = group.add_subcommand("passphrase", "Change the vault's passphrase");
    command->footer(
        "Copies of the vault made before keep the old one.\n"
        "Examples:\n"
        "  krakkenctl vault passphrase\n"
        "  krakkenctl vault passphrase --stdin < two-lines"
    );
    auto source = std::make_shared<SecretSource>();
    add_stdin_option(*command, *source, "old passphrase, new passphrase");
    command->callback([&context, source] {
        context.command = [source](const Context& with) { return change_passphrase(with, *source); };
    });
}

void add_key_file_command(
    CLI::App& group,
    Context& context,
    const std::string& name,
    const std::string& description,
    const char* method,
    const char* done
) {
    auto* command = group.add_subcommand(name, description);
    command->footer(
        "Examples:\n  krakkenctl vault " + name + " /etc/kraken_bot/vault-key\n  krakkenctl vault " + name +
        " KEY --passphrase-file F"
    );
    auto options = std::make_shared<KeyFileOptions>();
    command->add_option("path", options->path, "The key file, as the daemon finds it")->required();
    add_passphrase_options(*command, options->source, "the passphrase");
    command->callback([&context, options, method, done] {
        context.command = [options, method, done](const Context& with) {
            return key_file(with, *options, method, done);
        };
    });
}

}  // namespace

void add_vault(CLI::App& app, Context& context) {
    auto* group = app.add_subcommand("vault", "The encrypted file that holds the API keys");
    add_create(*group, context);
    add_passphrase(*group, context);
    add_key_file_command(
        *group,
        context,
        "add-key-file",
        "Make a key file that opens it unattended",
        "vault.add_key_file",
        "The key file is made. Whoever can read it can open the vault.\n"
    );
    add_key_file_command(
        *group,
        context,
        "remove-key-file",
        "Take a key file's right to open the vault away",
        "vault.remove_key_file",
        "That key file opens the vault no longer.\n"
    );
}

}  // namespace krakken::ctl
