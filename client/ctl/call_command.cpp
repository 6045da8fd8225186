// call: one call at Kraken.

#include <memory>

#include "arguments.hpp"
#include "commands.hpp"
#include "readable.hpp"

namespace krakken::ctl {

namespace {

struct CallArguments {
    std::string endpoint;
    std::vector<std::string> params;
    std::string account;
    std::string idempotency_key;
    long timeout_ms = 0;    // of no use as a value: none
    long max_wait_ms = -1;  // the same
};

client::CallOptions options_of(const CallArguments& arguments) {
    client::CallOptions options;
    options.account = arguments.account;
    options.idempotency_key = arguments.idempotency_key;
    if (arguments.timeout_ms > 0) options.timeout = std::chrono::milliseconds(arguments.timeout_ms);
    if (arguments.max_wait_ms >= 0) options.max_wait = std::chrono::milliseconds(arguments.max_wait_ms);
    return options;
}

Finished call(const Context& context, const CallArguments& arguments) {
    if (arguments.endpoint.find('=') != std::string::npos)
        throw UsageError("the endpoint comes first: krakkenctl call ENDPOINT " + arguments.endpoint);
    const std::string params = to_params(arguments.params);
    auto daemon = context.connect(protocol::SocketKind::client);
    if (!daemon) return std::unexpected(std::move(daemon.error()));
    const auto result = daemon->call(arguments.endpoint, params, options_of(arguments));
    if (!result) return std::unexpected(result.error());
    return finish(context, *result, readable_result);
}

}  // namespace

void add_call(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("call", "Make one call at Kraken");
    command->footer(
        "Examples:\n"
        "  krakkenctl call Balance\n"
        "  krakkenctl call OpenOrders --account bot1 --json\n"
        "  krakkenctl call AddOrder pair=XBTUSD type=buy ordertype=limit \\\n"
        "      price=30000.1 volume=0.01\n"
        "  krakkenctl call CancelOrderBatch 'orders:=[\"OABCDE-12345-FGHIJK\"]'\n"
        "Digits reach Kraken as they are typed. 'krakkenctl endpoints' lists them all.\n"
        "--max-wait-ms bounds the wait for the rate limit and for earlier calls of the\n"
        "account (10 s for reads, else 2 s: a late price is a wrong price); 0: at once.\n"
        "Exit status 5: it may have been placed. Do not repeat the call: 'krakkenctl\n"
        "intent wait ID' says what became of it. A call with --idempotency-key may be\n"
        "repeated with the same key: it is placed once."
    );
    auto arguments = std::make_shared<CallArguments>();
    command->add_option("endpoint", arguments->endpoint, "Kraken's name of it, e.g. Balance, AddOrder")
        ->required();
    command->add_option("params", arguments->params, "key=value (sent as text), key:=JSON (as it is)");
    command->add_option("--account", arguments->account, "Which account, where there are several");
    command->add_option("--timeout-ms", arguments->timeout_ms, "Answer by then [30000]")
        ->check(CLI::Range(1L, 120000L).description(""))
        ->type_name("MS");
    command
        ->add_option("--max-wait-ms", arguments->max_wait_ms, "Bounds the wait for its turn [10000 or 2000]")
        ->check(CLI::Range(0L, 120000L).description(""))
        ->type_name("MS");
    command
        ->add_option(
            "--idempotency-key", arguments->idempotency_key, "Of a placement: once for all calls of this key"
        )
        ->type_name("KEY");
    command->callback([&context, arguments] {
        context.command = [arguments](const Context& with) { return call(with, *arguments); };
    });
}

}  // namespace krakken::ctl
