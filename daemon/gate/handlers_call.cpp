// The methods that make calls and wait for the time to make them: call, wait.

#include "base/log.hpp"
#include "handlers.hpp"
#include "policy.hpp"
#include "protocol/endpoints.hpp"

namespace krakken::gate {

using account::Account;
using account::Call;
using base::log;
using base::LogLevel;
using protocol::ErrorCode;
using protocol::fail;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::int64_t default_timeout_ms = 30'000;
constexpr std::int64_t longest_timeout_ms = 120'000;
// A late price is a wrong price, so a call that acts waits less for its turn than one that asks.
constexpr std::int64_t default_wait_to_read_ms = 10'000;
constexpr std::int64_t default_wait_to_act_ms = 2'000;

void log_outcome(
    const Call& call,
    std::string_view account,
    steady_clock::time_point begun,
    const Result<std::string>& outcome
) {
    const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun);
    log(outcome ? LogLevel::info : LogLevel::warn,
        "call.done",
        {{"call_id", call.call_id},
         {"account", account},
         {"endpoint", call.endpoint->name},
         {"latency_ms", took.count()},
         {"outcome", outcome ? "ok" : protocol::category(outcome.error().code)}});
}

Work make_public_call(Backend& backend, Call call) {
    const auto begun = steady_clock::now();
    auto outcome = co_await backend.accounts.call_public(call);
    log_outcome(call, "", begun, outcome);
    co_return outcome;
}

Work make_private_call(std::shared_ptr<Account> account, Call call) {
    const auto begun = steady_clock::now();
    auto outcome = co_await account->call(call);
    log_outcome(call, account->info().account.text(), begun, outcome);
    co_return outcome;
}

Result<Call> read_call(const Arguments& arguments, const Context& context, const Profile& profile) {
    const std::string name = *arguments.text("endpoint");
    const protocol::Endpoint* endpoint = protocol::find_endpoint(name);
    if (!endpoint)
        return fail(ErrorCode::unknown_endpoint, "Kraken has no such endpoint; see: krakkenctl endpoints");
    auto parameters = kraken::Parameters::parse(arguments.raw("params"));
    if (!parameters) return std::unexpected(std::move(parameters.error()));
    if (auto allowed = may_call(*endpoint, *parameters, profile); !allowed)
        return std::unexpected(std::move(allowed.error()));

    const auto timeout = arguments.integer("timeout_ms", 1, longest_timeout_ms, default_timeout_ms);
    if (!timeout) return std::unexpected(timeout.error());
    const bool reads = endpoint->effect == protocol::Effect::read;
    const auto wait = arguments.integer(
        "max_wait_ms", 0, longest_timeout_ms, reads ? default_wait_to_read_ms : default_wait_to_act_ms
    );
    if (!wait) return std::unexpected(wait.error());
    return Call{
        endpoint,
        std::move(*parameters),
        steady_clock::now() + milliseconds(*timeout),
        milliseconds(*wait),
        context.call_id
    };
}

bool is_reached(Backend& backend, bool ready, const std::optional<std::string>& account) {
    if (backend.keeper.state() != keeper::VaultState::unlocked) return false;
    if (!ready) return true;
    const auto found = backend.accounts.find(account);
    return found && (*found)->state() == account::AccountState::ready;
}

Work wait_for(
    Backend& backend, bool ready, std::optional<std::string> account, steady_clock::time_point deadline
) {
    while (!is_reached(backend, ready, account)) {
        if (backend.stopping) co_return std::unexpected(protocol::stopping_error());
        if (steady_clock::now() >= deadline) {
            protocol::Error error = protocol::make_error(ErrorCode::timeout, "it did not come about in time");
            error.retryable = true;
            co_return std::unexpected(std::move(error));
        }
        co_await backend.changes.wait_until(deadline);
    }
    co_return "true";
}

}  // namespace

Handled handle_call(Backend& backend, const Arguments& arguments, const Context& context) {
    auto call = read_call(arguments, context, backend.profile);
    if (!call) return std::unexpected(std::move(call.error()));
    if (call->endpoint->kind == protocol::EndpointKind::public_)
        return make_public_call(backend, std::move(*call));
    auto account = backend.accounts.find(arguments.text("account"));
    if (!account) return std::unexpected(std::move(account.error()));
    return make_private_call(std::move(*account), std::move(*call));
}

Handled handle_wait(Backend& backend, const Arguments& arguments, const Context&) {
    const std::string what = *arguments.text("for");
    if (what != "unlocked" && what != "ready")
        return fail(ErrorCode::invalid_params, "for must be \"unlocked\" or \"ready\"");
    const auto timeout = arguments.integer("timeout_ms", 1, longest_timeout_ms, default_timeout_ms);
    if (!timeout) return std::unexpected(timeout.error());
    return wait_for(
        backend, what == "ready", arguments.text("account"), steady_clock::now() + milliseconds(*timeout)
    );
}

}  // namespace krakken::gate
