// The methods that make calls and wait for the time to make them: call, wait.

#include "audit_rows.hpp"
#include "base/log.hpp"
#include "handlers.hpp"
#include "kraken/made_ids.hpp"
#include "policy.hpp"
#include "protocol/endpoints.hpp"

#include <fmt/format.h>
#include <algorithm>

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

// A late price is a wrong price, so a call that acts waits less for its turn than one that asks.
constexpr std::int64_t default_wait_to_read_ms = 10'000;
constexpr std::int64_t default_wait_to_act_ms = 2'000;

void log_outcome(
    const Call& call, std::string_view account, steady_clock::time_point begun, Result<std::string>& outcome
) {
    const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun);
    log(outcome ? LogLevel::info : LogLevel::warn,
        "call.done",
        {{"call_id", call.call_id},
         {"account", account},
         {"endpoint", call.endpoint->name},
         {"latency_ms", took.count()},
         {"outcome", outcome ? "ok" : protocol::category(outcome.error().code)}});
    if (!outcome) outcome.error().call_id = call.call_id;
}

Work make_public_call(Backend& backend, Call call) {
    const auto begun = steady_clock::now();
    auto outcome = co_await backend.accounts.call_public(call);
    log_outcome(call, "", begun, outcome);
    co_return outcome;
}

Work make_private_call(Backend& backend, std::shared_ptr<Account> account, Call call) {
    const auto begun = steady_clock::now();
    if (is_audited(*call.endpoint)) call.sent = std::make_shared<std::optional<account::Sent>>();
    auto outcome = co_await account->call(call);
    log_outcome(call, account->info().account.text(), begun, outcome);
    if (is_audited(*call.endpoint)) {
        state::AuditEntry row = row_of(call, *account);
        if (outcome) row.ids = kraken::made_ids(*outcome);
        backend.audit.done(std::move(row), outcome);
    }
    co_return outcome;
}

// 1 to 128 printable ASCII characters. A read or a cancel does no harm when it is repeated, so a key would
// only pretend to protect it.
Result<std::string> read_idempotency_key(const Arguments& arguments, const protocol::Endpoint& endpoint) {
    const auto key = arguments.text("idempotency_key");
    if (!key) return "";
    constexpr std::size_t longest = 128;
    const bool printable = std::ranges::all_of(*key, [](char c) { return c >= ' ' && c <= '~'; });
    if (key->empty() || key->size() > longest || !printable)
        return fail(ErrorCode::invalid_params, "idempotency_key must be 1 to 128 printable ASCII characters");
    if (!account::is_placement(endpoint)) {
        return fail(
            ErrorCode::invalid_params,
            "idempotency_key is for calls that place orders or move funds; leave it out, this call may be "
            "repeated"
        );
    }
    return *key;
}

Result<Call> read_call(
    const protocol::Endpoint* endpoint,
    const Arguments& arguments,
    const Context& context,
    const Profile& profile
) {
    auto parameters = kraken::Parameters::parse(arguments.raw("params"), endpoint->body);
    if (!parameters) return std::unexpected(std::move(parameters.error()));
    endpoint = &kraken::as_called(*endpoint, *parameters);
    if (auto allowed = may_call(*endpoint, *parameters, profile); !allowed)
        return std::unexpected(std::move(allowed.error()));
    auto idempotency_key = read_idempotency_key(arguments, *endpoint);
    if (!idempotency_key) return std::unexpected(std::move(idempotency_key.error()));

    const bool reads = endpoint->effect == protocol::Effect::read;
    const auto wait =
        arguments.integer("max_wait_ms").value_or(reads ? default_wait_to_read_ms : default_wait_to_act_ms);
    return Call{
        endpoint,
        std::move(*parameters),
        steady_clock::now() + milliseconds(*arguments.integer("timeout_ms")),
        milliseconds(wait),
        context.call_id,
        std::move(*idempotency_key),
        context.caller
    };
}

// Nothing is made of the call; that somebody tried stands in the audit all the same.
Result<std::string> refuse(
    Backend& backend,
    const protocol::Endpoint& endpoint,
    const Arguments& arguments,
    const Context& context,
    protocol::Error error
) {
    Result<std::string> outcome = std::unexpected(std::move(error));
    if (is_audited(endpoint))
        backend.audit.done(row_of_refused(backend, endpoint, arguments.text("account"), context), outcome);
    return outcome;
}

// No account serves it. If it repeats one that was sent before, "not executed" would be wrong.
Work recall_or_refuse(
    Backend& backend,
    Call call,
    std::optional<std::string> account,
    state::AuditEntry row,
    protocol::Error refused
) {
    const auto known = co_await backend.accounts.recall(call, std::move(account));
    const Result<std::string> outcome = known ? *known : std::unexpected(std::move(refused));
    backend.audit.done(std::move(row), outcome);
    co_return outcome;
}

// Why the condition is not met; empty when it is.
std::optional<protocol::Error> obstacle(
    Backend& backend, bool ready, const std::optional<std::string>& wanted
) {
    if (!ready) {
        if (backend.keeper.state() == keeper::VaultState::unlocked) return std::nullopt;
        return keeper::not_open_error(backend.keeper);
    }
    const auto account = backend.accounts.find(wanted);
    if (!account) return account.error();
    const account::AccountState state = (*account)->state();
    if (state == account::AccountState::ready) return std::nullopt;
    const std::string& name = (*account)->info().account.text();
    auto error = protocol::make_error(
        ErrorCode::timeout, fmt::format("the account {} is not ready: {}", name, account::name(state))
    );
    error.account = name;
    error.remedy = (*account)->remedy();
    return error;
}

protocol::Error too_late(protocol::Error obstacle) {
    auto error =
        protocol::make_error(ErrorCode::timeout, "it did not come about in time; " + obstacle.message);
    error.retryable = true;
    error.remedy = std::move(obstacle.remedy);
    error.account = std::move(obstacle.account);
    return error;
}

Work wait_for(
    Backend& backend, bool ready, std::optional<std::string> account, steady_clock::time_point deadline
) {
    while (auto hindered = obstacle(backend, ready, account)) {
        if (backend.stopping) co_return std::unexpected(protocol::stopping_error());
        // With the vault open no waiting helps a name that is not there.
        if (hindered->code == ErrorCode::unknown_account) co_return std::unexpected(std::move(*hindered));
        if (steady_clock::now() >= deadline) co_return std::unexpected(too_late(std::move(*hindered)));
        // An account's state may also change by a call or, after a lockout, by mere time.
        const auto next_look = std::min(deadline, steady_clock::now() + std::chrono::seconds(1));
        co_await backend.changes.wait_until(next_look);
    }
    co_return "true";
}

}  // namespace

Handled handle_call(Backend& backend, const Arguments& arguments, const Context& context) {
    const protocol::Endpoint* endpoint = protocol::find_endpoint(*arguments.text("endpoint"));
    if (!endpoint)
        return fail(ErrorCode::unknown_endpoint, "Kraken has no such endpoint; see: krakkenctl endpoints");
    auto call = read_call(endpoint, arguments, context, backend.profile);
    if (!call) return refuse(backend, *endpoint, arguments, context, std::move(call.error()));
    if (call->endpoint->kind == protocol::EndpointKind::public_)
        return make_public_call(backend, std::move(*call));
    auto account = backend.accounts.find(arguments.text("account"));
    if (!account && !call->idempotency_key.empty()) {
        auto row = row_of_refused(backend, *call->endpoint, arguments.text("account"), context);
        return recall_or_refuse(
            backend, std::move(*call), arguments.text("account"), std::move(row), std::move(account.error())
        );
    }
    if (!account) return refuse(backend, *call->endpoint, arguments, context, std::move(account.error()));
    return make_private_call(backend, std::move(*account), std::move(*call));
}

Handled handle_wait(Backend& backend, const Arguments& arguments, const Context&) {
    return wait_for(
        backend,
        arguments.text("for") == "ready",
        arguments.text("account"),
        steady_clock::now() + milliseconds(*arguments.integer("timeout_ms"))
    );
}

}  // namespace krakken::gate
