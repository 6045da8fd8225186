// setup: leads a new user from nothing to the first signed call.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "arguments.hpp"
#include "commands.hpp"
#include "fields.hpp"
#include "first_account.hpp"
#include "profile_entry.hpp"
#include "readable.hpp"
#include "report.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

struct SetupOptions {
    SecretSource source;
    FirstAccount account{.name = "master"};
    ProfileOptions profile;
};

constexpr std::string_view welcome =
    "krakkend keeps your Kraken API keys in one encrypted file, the vault, and makes\n"
    "signed calls for your programs, so that none of them ever needs a secret.\n"
    "This takes three steps: a vault with a passphrase, your first API key, and what\n"
    "your programs may do.\n\n";

bool is_installed(std::initializer_list<const char*> folders) {
    return std::ranges::any_of(folders, [](const char* folder) {
        std::error_code ignored;
        return std::filesystem::exists(std::filesystem::path(folder) / "krakkend.service", ignored);
    });
}

// For a person who has just installed it.
std::string how_to_start() {
    std::string text = "Setup talks to krakkend, and krakkend is not running yet. Start it:\n";
    if (is_installed(
            {"/etc/systemd/system",
             "/usr/local/lib/systemd/system",
             "/usr/lib/systemd/system",
             "/lib/systemd/system"}
        ))
        text += "  sudo systemctl start krakkend      as a service of this machine, or\n";
    if (is_installed(
            {"/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user", "/lib/systemd/user"}
        ))
        text += "  systemctl --user start krakkend    as a service of yours, or\n";
    return text +
           "  krakkend                           in another terminal, which stays open\n"
           "Then type 'krakkenctl setup' again ('sudo krakkenctl setup' for the machine's\n"
           "service).\n\n";
}

// There is a daemon, and this user may not talk to it: nothing has to be started.
bool is_closed_to_us(const std::vector<std::filesystem::path>& sockets) {
    return std::ranges::any_of(sockets, [](const auto& socket) {
        return access(socket.c_str(), W_OK) != 0 && errno == EACCES;
    });
}

// A key in the environment stands before one of the same name in the vault, which would never be used.
void refuse_hidden_account(client::Client& daemon, const std::string& name) {
    const auto list = daemon.request("account.list");
    if (list && Fields(find_account(*list, name)).text("source") == "environment")
        throw UsageError(
            "account '" + name +
            "' comes from krakkend's environment; give the one in the vault another name: --account NAME"
        );
}

// The result of account.add; of an account that a person finds there already, that of account.validate.
client::Outcome<std::string> ensure_account(
    client::Client& daemon, std::string_view list, const SetupOptions& options, SecretReader& reader
) {
    const std::string& name = options.account.name;
    const bool at_terminal = !options.source.from_stdin;
    const Fields existing(find_account(list, name));
    if (!at_terminal || existing.members().empty()) {
        print_error("Step 2 of 3: the API key of account '" + name + "'.\n" + key_notice());
        return add_first_account(daemon, options.account, reader, at_terminal);
    }
    print_error(
        "Step 2 of 3: there is an account '" + name +
        "' already. (Another one: --account NAME)\nAsking Kraken whether it accepts its key ...\n"
    );
    constexpr auto patience = std::chrono::seconds(90);
    return daemon.request("account.validate", "{\"name\":" + protocol::quote(name) + "}", patience);
}

std::string next_command(std::string_view result, const std::string& name, bool is_default) {
    if (!Fields(result).is_true("validated"))
        return "Done, except that Kraken has not seen the key yet. Next, when Kraken can be\n"
               "reached: krakkenctl account validate " +
               name + "\n";
    return "Done. Try it: krakkenctl call Balance" + (is_default ? "" : " --account " + name) +
           "\nAfter every start of krakkend: krakkenctl unlock\n";
}

client::Outcome<client::Client> connect(const Context& context) {
    auto daemon = context.connect(protocol::SocketKind::admin);
    const bool absent = !daemon && daemon.error().kind == client::FailureKind::no_daemon;
    if (absent && !is_closed_to_us(context.sockets(protocol::SocketKind::admin))) print_error(how_to_start());
    return daemon;
}

// `done` is what a person may rely on when it ends early.
Finished add_and_finish(
    const Context& context,
    const SetupOptions& options,
    client::Client& daemon,
    SecretReader& reader,
    std::string& done
) {
    const auto list = daemon.request("account.list");
    if (!list) return std::unexpected(list.error());
    const std::string& name = options.account.name;
    const bool first = std::ranges::all_of(items(*list), [&](std::string_view item) {
        return Fields(item).text("name") == name;
    });
    const auto added = ensure_account(daemon, *list, options, reader);
    if (!added) return std::unexpected(added.error());
    done = "The vault is there and open, and account '" + name + "' is in it.";
    if (!context.json) print(readable_validation(*added) + "\n");
    const auto status = daemon.request("status");
    if (!status) return std::unexpected(status.error());
    const bool is_default = write_profile(
        daemon, *status, options.profile, first ? name : std::string(), !options.source.from_stdin
    );
    if (context.json) {
        print_json(*added);
    } else {
        print(next_command(*added, name, is_default));
    }
    return ExitStatus::done;
}

// Not as other input errors are told: something was executed.
ExitStatus broken_off(const Context& context, const std::string& why, const std::string& done) {
    const std::string remedy = "run: krakkenctl setup, which goes on from there";
    if (context.json)
        print_json(client::make_failure(
                       client::FailureKind::unsent, why + ". " + done, remedy, protocol::Executed::yes
        )
                       .json);
    print_error(wrap("krakkenctl: " + why, 2) + wrap("  " + done, 2) + wrap("  What to do: " + remedy, 4));
    return ExitStatus::usage;
}

Finished setup(const Context& context, const SetupOptions& options) {
    auto daemon = connect(context);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto status = daemon->request("status");
    if (!status) return std::unexpected(status.error());
    refuse_hidden_account(*daemon, options.account.name);
    print_error(welcome);
    SecretReader reader(options.source);
    if (auto opened = open_vault(*daemon, *status, options.source, reader); !opened)
        return std::unexpected(std::move(opened.error()));
    std::string done = "The vault is there and open.";
    try {
        auto finished = add_and_finish(context, options, *daemon, reader, done);
        if (!finished) print_error(wrap(done + " Once the cause is gone: krakkenctl setup"));
        return finished;
    } catch (const UsageError& error) {
        return broken_off(context, error.what(), done);
    }
}

}  // namespace

void add_setup(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("setup", "First time: make the vault, add the first key");
    command->footer(
        "krakkend must be running. Setup asks for everything that it needs; when it was\n"
        "broken off, it goes on where it was. With --stdin it asks nothing: what no\n"
        "option says is US_CA, and not allowed.\n"
        "Examples:\n"
        "  krakkenctl setup\n"
        "  krakkenctl setup --account bot1 --region DE --stdin < three-lines\n\n" +
        key_notice()
    );
    auto options = std::make_shared<SetupOptions>();
    command->add_option("--account", options->account.name, "The account's name [master]");
    command->add_flag("--otp", options->account.with_otp, "The key has a password of its own (two-factor)");
    add_profile_options(*command, options->profile);
    add_passphrase_options(*command, options->source, "passphrase, API key, API secret");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return setup(with, *options); };
    });
}

}  // namespace krakken::ctl
