// wait: for scripts that start before the vault is open.

#include <memory>

#include "commands.hpp"
#include "protocol/json_text.hpp"
#include "report.hpp"

namespace krakken::ctl {

namespace {

struct WaitOptions {
    std::string what;
    std::string account;
    long timeout_s = 0;  // none
};

Finished wait(const Context& context, const WaitOptions& options) {
    std::string params = "{\"for\":" + protocol::quote(options.what);
    if (!options.account.empty()) params += ",\"account\":" + protocol::quote(options.account);
    client::Patience patience;  // without end, as a person who waits for a person has it
    if (options.timeout_s > 0) {
        const std::chrono::milliseconds timeout = std::chrono::seconds(options.timeout_s);
        params += ",\"timeout_ms\":" + std::to_string(timeout.count());
        patience = timeout + std::chrono::seconds(5);
    }
    auto daemon = context.connect(protocol::SocketKind::client);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto result = daemon->request("wait", params + "}", patience);
    if (!result) return std::unexpected(result.error());
    return finish(context, *result, [&](std::string_view) {
        return options.what == "unlocked" ? std::string("Unlocked.\n") : std::string("Ready.\n");
    });
}

}  // namespace

void add_wait(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("wait", "Wait until unlocked, or an account is ready");
    command->footer(
        "Examples:\n"
        "  krakkenctl wait --for unlocked && start-my-bot\n"
        "  krakkenctl wait --for ready --account bot1 --timeout 60\n"
        "When the time is over the exit status is 75."
    );
    auto options = std::make_shared<WaitOptions>();
    command->add_option("--for", options->what, "unlocked or ready")
        ->required()
        ->check(CLI::IsMember({"unlocked", "ready"}).description(""))
        ->type_name("STATE");
    command->add_option("--account", options->account, "Which account must be ready");
    command->add_option("--timeout", options->timeout_s, "Give up after so long")
        ->check(CLI::Range(1L, 86400L).description(""))
        ->type_name("SECONDS");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return wait(with, *options); };
    });
}

}  // namespace krakken::ctl
