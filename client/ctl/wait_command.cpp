// wait: for scripts that start before the vault is open.

#include <algorithm>
#include <chrono>
#include <memory>

#include "commands.hpp"
#include "protocol/json_text.hpp"
#include "report.hpp"

namespace krakken::ctl {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

struct WaitOptions {
    std::string what;
    std::string account;
    long timeout_s = 0;  // none
};

// The daemon's bounds for one wait; a longer one is several.
constexpr milliseconds shortest_wait{1};
constexpr milliseconds longest_wait{120'000};

std::string params_of(const WaitOptions& options, milliseconds timeout) {
    std::string params = "{\"for\":" + protocol::quote(options.what);
    if (!options.account.empty()) params += ",\"account\":" + protocol::quote(options.account);
    return params + ",\"timeout_ms\":" + std::to_string(timeout.count()) + "}";
}

// Without a timeout it waits without end, as a person who waits for a person does.
Finished wait(const Context& context, const WaitOptions& options) {
    const bool bounded = options.timeout_s > 0;
    const auto end = steady_clock::now() + std::chrono::seconds(options.timeout_s);
    auto daemon = context.connect(protocol::SocketKind::client);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    for (milliseconds timeout = longest_wait;;) {
        if (bounded)
            timeout = std::clamp(
                std::chrono::ceil<milliseconds>(end - steady_clock::now()), shortest_wait, longest_wait
            );
        const auto result =
            daemon->request("wait", params_of(options, timeout), timeout + std::chrono::seconds(5));
        if (result)
            return finish(context, *result, [&](std::string_view) {
                return options.what == "unlocked" ? std::string("Unlocked.\n") : std::string("Ready.\n");
            });
        const bool again = result.error().code == static_cast<int>(protocol::ErrorCode::timeout);
        if (!again || (bounded && steady_clock::now() >= end)) return std::unexpected(result.error());
    }
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
