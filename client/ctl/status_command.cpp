// status: how the daemon and its accounts are.

#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "arguments.hpp"
#include "commands.hpp"
#include "report.hpp"
#include "status_view.hpp"

namespace krakken::ctl {

namespace {

struct StatusOptions {
    bool check = false;
    bool watch = false;
};

struct Seen {
    std::string status;
    std::string accounts;  // the result of account.list
};

client::Outcome<Seen> look(client::Client& daemon, bool with_accounts) {
    auto status = daemon.request("status");
    if (!status) return std::unexpected(std::move(status.error()));
    Seen seen{std::move(*status), {}};
    if (!with_accounts) return seen;
    auto accounts = daemon.request("account.list");
    if (!accounts) return std::unexpected(std::move(accounts.error()));
    seen.accounts = std::move(*accounts);
    return seen;
}

Finished status(const Context& context, const StatusOptions& options) {
    auto daemon = context.connect(protocol::SocketKind::client);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto seen = look(*daemon, !context.json);
    if (!seen) return std::unexpected(seen.error());
    if (context.json) {
        print_json(seen->status);
    } else {
        print(readable_status(seen->status, seen->accounts));
    }
    return options.check && !is_healthy(seen->status) ? ExitStatus::refused : ExitStatus::done;
}

// Until a signal ends it. A daemon that goes away is waited for; at the first look there must be one.
Finished watch(const Context& context) {
    constexpr std::string_view clear = "\033[H\033[2J";
    auto daemon = context.connect(protocol::SocketKind::client);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    for (;;) {
        const auto seen = look(*daemon, true);
        print(isatty(STDOUT_FILENO) != 0 ? clear : "\n");
        print(seen ? readable_status(seen->status, seen->accounts) : explain(seen.error()));
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("status", "Show how daemon, vault and accounts are");
    command->footer(
        "Examples:\n"
        "  krakkenctl status\n"
        "  krakkenctl status --check && start-my-bot\n"
        "--check: exit status 1 unless it is unlocked and every account is ready. Without\n"
        "it the exit status is 0 whenever a daemon answers."
    );
    auto options = std::make_shared<StatusOptions>();
    auto* check = command->add_flag("--check", options->check, "Exit with 1 unless all is well");
    command->add_flag("--watch", options->watch, "Show it anew every second, until Ctrl-C")->excludes(check);
    command->callback([&context, options] {
        context.command = [options](const Context& with) {
            if (options->watch && with.json) throw UsageError("--watch is for people; it cannot print JSON");
            return options->watch ? watch(with) : status(with, *options);
        };
    });
}

}  // namespace krakken::ctl
