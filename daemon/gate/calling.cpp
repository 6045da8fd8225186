#include "calling.hpp"

#include "audit_rows.hpp"
#include "base/log.hpp"
#include "dispatch.hpp"
#include "gate/permit.hpp"
#include "holding_limits.hpp"
#include "kraken/made_ids.hpp"

#include <utility>

namespace krakken::gate {

using account::Account;
using account::Call;
using base::log;
using base::LogLevel;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// A late price is a wrong price, so a call that acts waits less for its turn than one that asks.
constexpr milliseconds usual_wait_to_read{10'000};
constexpr milliseconds usual_wait_to_act{2'000};

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
    if (outcome) return;
    log_rule(call.call_id, outcome.error());
    outcome.error().call_id = call.call_id;
}

Work make_public_call(Backend& backend, Call call) {
    const auto begun = steady_clock::now();
    auto outcome = co_await backend.accounts.call_public(call);
    log_outcome(call, "", begun, outcome);
    co_return outcome;
}

// What a call must pass besides what permit() says; then it counts. `signed_nonce`: see Wanted.
std::optional<protocol::Error> obstacle(
    Backend& backend,
    const Permit& permit,
    const base::AccountName& account,
    const Call& call,
    const std::string& signed_nonce
) {
    if (!signed_nonce.empty()) {
        if (auto used_up = backend.bot_nonces.refusal(call.caller.bot_key, signed_nonce)) return used_up;
    }
    if (auto frozen = backend.freezes.refusal(*call.endpoint, account, call.caller.bot)) return frozen;
    if (auto refused = too_many_calls(backend, permit, *call.endpoint, call.caller)) return refused;
    count_call(backend, permit, call.caller);
    return std::nullopt;
}

awaitable<Result<void>> admit(
    Backend& backend,
    const Permit& permit,
    std::shared_ptr<Account> account,
    Held& held,
    Call& call,
    const std::string& signed_nonce
) {
    if (auto refused = obstacle(backend, permit, account->info().account, call, signed_nonce))
        co_return std::unexpected(std::move(*refused));
    if (!has_more_limits(permit, *call.endpoint)) co_return Result<void>();
    auto holding = co_await hold_to_limits(backend, permit, account, call);
    if (!holding) co_return std::unexpected(std::move(holding.error()));
    held = std::move(*holding);
    co_return Result<void>();
}

// What only repeats or joins an earlier placement is told what became of that one, whatever holds by now: so
// a placement is admitted where it is clear that it is a new one, and everything else here.
Work make_private_call(
    Backend& backend, Permit permit, std::shared_ptr<Account> account, Call call, std::string signed_nonce
) {
    const auto begun = steady_clock::now();
    if (is_audited(*call.endpoint)) call.sent = std::make_shared<std::optional<account::Sent>>();
    Held held;
    Result<void> admitted;
    if (account::is_placement(*call.endpoint)) {
        call.admit_new = [&](Call& as_placed) {
            as_placed.parameters = as_granted(permit, *call.endpoint, std::move(as_placed.parameters));
            return admit(backend, permit, account, held, as_placed, signed_nonce);
        };
    } else if (has_more_limits(permit, *call.endpoint)) {
        admitted = co_await admit(backend, permit, account, held, call, signed_nonce);
    } else if (auto refused = obstacle(backend, permit, account->info().account, call, signed_nonce)) {
        admitted = std::unexpected(std::move(*refused));
    }
    Result<std::string> outcome;
    if (admitted) {
        outcome = co_await account->call(call);
    } else {
        outcome = std::unexpected(std::move(admitted.error()));
    }
    held.ended(outcome);
    log_outcome(call, account->info().account.text(), begun, outcome);
    if (is_audited(*call.endpoint)) {
        state::AuditEntry row = row_of(call, *account);
        if (outcome) row.ids = kraken::made_ids(*outcome);
        backend.audit.done(std::move(row), outcome);
    }
    co_return outcome;
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

protocol::Error has_changed() {
    auto error = protocol::make_error(
        protocol::ErrorCode::forbidden, "what is granted has changed while the call waited; nothing was sent"
    );
    error.retryable = true;
    return std::move(error).with("rule", "grant:changed");
}

// A call may wait, and be forbidden meanwhile: looked at once more in its turn.
auto objection_of(
    Backend& backend, const Context& context, const Permit& allowed, const base::AccountName& account
) {
    return
        [&backend, peer = context.peer, is_gone = context.asker_is_gone, holding = allowed.holding, account](
            const Call& call
        ) -> std::optional<protocol::Error> {
            if (is_gone && is_gone())
                return protocol::make_error(
                    protocol::ErrorCode::timeout, "its client has gone while it waited; nothing was sent"
                );
            if (auto frozen = backend.freezes.refusal(*call.endpoint, account, call.caller.bot))
                return frozen;
            auto again = permit(
                backend.grants.of(peer, call.caller),
                backend.profile,
                *call.endpoint,
                call.parameters,
                account,
                backend.clock.now()
            );
            if (!again) return std::move(again.error());
            const bool same = again->holding == holding ||
                              grant::text_of(again->holding->grant) == grant::text_of(holding->grant);
            return same ? std::nullopt : std::optional(has_changed());
        };
}

std::optional<base::AccountName> name_of(
    const Result<std::shared_ptr<Account>>& found, const std::optional<std::string>& wanted
) {
    if (found) return (*found)->info().account;
    return wanted ? base::AccountName::parse(*wanted) : std::nullopt;
}

}  // namespace

Handled make_call(Backend& backend, Wanted wanted, const Context& context) {
    const protocol::Endpoint& endpoint = kraken::as_called(wanted.endpoint, wanted.parameters);
    const bool reads = endpoint.effect == protocol::Effect::read;
    Call call{
        &endpoint,
        std::move(wanted.parameters),
        steady_clock::now() + wanted.timeout,
        wanted.max_wait.value_or(reads ? usual_wait_to_read : usual_wait_to_act),
        context.call_id,
        std::move(wanted.idempotency_key),
        context.caller
    };
    if (endpoint.kind == protocol::EndpointKind::public_) return make_public_call(backend, std::move(call));

    if (auto meant = account_meant(context.holdings, wanted.account, backend.accounts.default_account()))
        wanted.account = std::move(*meant);
    auto account = find_account(backend, context.holdings, wanted.account);
    auto allowed = permit(
        context.holdings,
        backend.profile,
        endpoint,
        call.parameters,
        name_of(account, wanted.account),
        backend.clock.now()
    );
    const bool nobody_knows = context.holdings.empty() && !backend.grants.known();
    if (!account || !allowed) {
        protocol::Error refused =
            allowed || nobody_knows ? std::move(account.error()) : std::move(allowed.error());
        if (call.idempotency_key.empty())
            return refuse_call(backend, endpoint, wanted.account, context, std::move(refused));
        auto row = row_of_refused(backend, endpoint, wanted.account, context);
        return recall_or_refuse(
            backend, std::move(call), std::move(wanted.account), std::move(row), std::move(refused)
        );
    }
    if (!reads && endpoint.effect != protocol::Effect::cancel)
        call.objection = objection_of(backend, context, *allowed, (*account)->info().account);
    if (account::is_placement(endpoint)) {
        call.asker_is_gone = context.asker_is_gone;
        call.joins_its_like = wanted.joins_its_like;
    }
    return make_private_call(
        backend, std::move(*allowed), std::move(*account), std::move(call), std::move(wanted.signed_nonce)
    );
}

Result<std::string> refuse_call(
    Backend& backend,
    const protocol::Endpoint& endpoint,
    const std::optional<std::string>& account,
    const Context& context,
    protocol::Error error
) {
    Result<std::string> outcome = std::unexpected(std::move(error));
    if (is_audited(endpoint))
        backend.audit.done(row_of_refused(backend, endpoint, account, context), outcome);
    return outcome;
}

}  // namespace krakken::gate
