// The methods that make calls and wait for the time to make them: call, wait.

#include "calling.hpp"
#include "gate/permit.hpp"
#include "handlers.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace krakken::gate {

using protocol::ErrorCode;
using protocol::fail;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

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

// Why the condition is not met; empty when it is.
std::optional<protocol::Error> obstacle(
    Backend& backend, const Holdings& holdings, bool ready, const std::optional<std::string>& wanted
) {
    if (!ready) {
        if (backend.keeper.state() == keeper::VaultState::unlocked) return std::nullopt;
        return keeper::not_open_error(backend.keeper);
    }
    const auto account = find_account(backend, holdings, wanted);
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
    Backend& backend,
    Peer peer,
    base::Caller caller,
    bool ready,
    std::optional<std::string> account,
    steady_clock::time_point deadline
) {
    while (auto hindered = obstacle(backend, backend.grants.of(peer, caller), ready, account)) {
        if (backend.stopping) co_return std::unexpected(protocol::stopping_error());
        // With the vault open no waiting helps a name that is not there.
        if (hindered->code == ErrorCode::unknown_account || hindered->code == ErrorCode::forbidden)
            co_return std::unexpected(std::move(*hindered));
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
    const auto account = arguments.text("account");
    auto parameters = kraken::Parameters::parse(arguments.raw("params"), endpoint->body);
    if (!parameters) return refuse_call(backend, *endpoint, account, context, std::move(parameters.error()));
    const protocol::Endpoint& called = kraken::as_called(*endpoint, *parameters);
    auto idempotency_key = read_idempotency_key(arguments, called);
    if (!idempotency_key)
        return refuse_call(backend, called, account, context, std::move(idempotency_key.error()));
    Wanted wanted{
        .endpoint = *endpoint,
        .parameters = std::move(*parameters),
        .account = account,
        .timeout = milliseconds(*arguments.integer("timeout_ms")),
        .idempotency_key = std::move(*idempotency_key),
    };
    if (const auto wait = arguments.integer("max_wait_ms")) wanted.max_wait = milliseconds(*wait);
    return make_call(backend, std::move(wanted), context);
}

Handled handle_wait(Backend& backend, const Arguments& arguments, const Context& context) {
    return wait_for(
        backend,
        context.peer,
        context.caller,
        arguments.text("for") == "ready",
        arguments.text("account"),
        steady_clock::now() + milliseconds(*arguments.integer("timeout_ms"))
    );
}

}  // namespace krakken::gate
