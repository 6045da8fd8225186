// whoami and check: what this user may do, and whether a call would be allowed.

#include <memory>

#include "arguments.hpp"
#include "commands.hpp"
#include "fields.hpp"
#include "grant_options.hpp"
#include "protocol/json_text.hpp"
#include "table.hpp"

namespace krakken::ctl {

namespace {

using protocol::SocketKind;

struct CheckOptions {
    std::string endpoint;
    std::vector<std::string> params;
    std::string account;
};

std::string left_line(const Fields& left) {
    std::string words;
    if (const std::string calls = left.text("calls"); !calls.empty())
        words += calls + " calls in this minute";
    if (const std::string money = left.text("day_notional"); !money.empty())
        words += (words.empty() ? "" : ", ") + money + " in these 24 hours";
    return words.empty() ? "" : "Left: " + words + ".\n";
}

std::string readable_whoami(std::string_view result) {
    const Fields fields(result);
    std::string text = "You are " + fields.text("identity") + ".\n";
    const auto grants = items(fields.raw("grants"));
    if (grants.empty()) text += "Nothing is granted to you; public calls are for everybody.\n";
    for (const std::string_view grant : grants)
        text += readable_grant(grant) + left_line(Fields(Fields(grant).raw("left")));
    for (const std::string_view each : items(fields.raw("frozen"))) {
        const Fields freeze(each);
        text += wrap("Frozen: " + freeze.text("scope") + ", " + freeze.text("reason"), 2);
    }
    return text;
}

std::string readable_verdict(std::string_view result) {
    const Fields verdict(result);
    if (verdict.is_true("allowed")) return "Allowed. Nothing was sent.\n";
    std::string text = wrap("Not allowed (" + verdict.text("rule") + "): " + verdict.text("message"), 2);
    if (const std::string remedy = verdict.text("remedy"); !remedy.empty())
        text += wrap("  What to do: " + remedy, 2);
    return text;
}

Finished check(const Context& context, const CheckOptions& options) {
    std::string params = "{\"endpoint\":" + protocol::quote(options.endpoint);
    if (const std::string of_call = to_params(options.params); !of_call.empty())
        params += ",\"params\":" + of_call;
    if (!options.account.empty()) params += ",\"account\":" + protocol::quote(options.account);
    auto daemon = context.connect(SocketKind::client);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto result = daemon->request("check", params + "}");
    if (!result) return std::unexpected(result.error());
    const auto printed = finish(context, *result, readable_verdict);
    if (!printed) return printed;
    return Fields(*result).is_true("allowed") ? ExitStatus::done : ExitStatus::refused;
}

}  // namespace

void add_whoami(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("whoami", "Show who you are here, and what you may do");
    command->footer("Example:\n  krakkenctl whoami");
    command->callback([&context] {
        context.command = [](const Context& with) {
            return ask_and_print(with, SocketKind::client, "whoami", "{}", readable_whoami);
        };
    });
}

void add_check(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("check", "Ask whether a call is allowed, without sending it");
    command->footer(
        "Exit status: 0 it would be; 1 it would not, with the rule that forbids it.\n"
        "Example:\n"
        "  krakkenctl check AddOrder pair=XBTUSD type=buy ordertype=market volume=1"
    );
    auto options = std::make_shared<CheckOptions>();
    command->add_option("endpoint", options->endpoint, "Kraken's name of it")->required();
    command->add_option("params", options->params, "key=value (sent as text), key:=JSON (as it is)");
    command->add_option("--account", options->account, "Which account, where there are several");
    command->callback([&context, options] {
        context.command = [options](const Context& with) { return check(with, *options); };
    });
}

}  // namespace krakken::ctl
