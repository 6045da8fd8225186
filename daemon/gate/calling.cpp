#include "calling.hpp"

#include "audit_rows.hpp"
#include "base/log.hpp"
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
    if (!outcome) outcome.error().call_id = call.call_id;
}

Work make_public_call(Backend& backend, Call call) {
    const auto begun = steady_clock::now();
    auto outcome = co_await backend.accounts.call_public(call);
    log_outcome(call, "", begun, outcome);
    co_return outcome;
}

// With the limits of its grant that need more than the call itself.
awaitable<Result<std::string>> call_within_limits(
    Backend& backend, const Permit& permit, std::shared_ptr<Account> account, Call& call
) {
    auto held = co_await hold_to_limits(backend, permit, account, call);
    if (!held) co_return std::unexpected(std::move(held.error()));
    auto outcome = co_await account->call(call);
    held->ended(outcome);
    co_return outcome;
}

Work make_private_call(Backend& backend, Permit permit, std::shared_ptr<Account> account, Call call) {
    const auto begun = steady_clock::now();
    if (is_audited(*call.endpoint)) call.sent = std::make_shared<std::optional<account::Sent>>();
    auto outcome = has_more_limits(permit, *call.endpoint)
                       ? co_await call_within_limits(backend, permit, account, call)
                       : co_await account->call(call);
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

// A call may wait, and be forbidden meanwhile: looked at once more in its turn.
auto objection_of(Backend& backend, const Context& context, const base::AccountName& account) {
    return [&backend,
            peer = context.peer,
            is_gone = context.asker_is_gone,
            version = backend.grants.version(),
            account](const Call& call) -> std::optional<protocol::Error> {
        if (is_gone && is_gone())
            return protocol::make_error(
                protocol::ErrorCode::timeout, "its client has gone while it waited; nothing was sent"
            );
        if (auto frozen = backend.freezes.refusal(*call.endpoint, account, call.caller.bot)) return frozen;
        if (version == backend.grants.version()) return std::nullopt;
        auto again = permit(
            backend.grants.of(peer, call.caller.bot),
            backend.profile,
            *call.endpoint,
            call.parameters,
            account,
            backend.clock.now()
        );
        return again ? std::nullopt : std::optional(std::move(again.error()));
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
    const bool is_private = endpoint.kind == protocol::EndpointKind::private_;
    Result<std::shared_ptr<Account>> account = nullptr;
    Permit allowed;
    if (is_private) {
        account = find_account(backend, context.holdings, wanted.account);
        if (!account && context.holdings.empty() && !backend.grants.known())
            return refuse_call(backend, endpoint, wanted.account, context, std::move(account.error()));
        auto permitted = permit(
            context.holdings,
            backend.profile,
            endpoint,
            wanted.parameters,
            name_of(account, wanted.account),
            backend.clock.now()
        );
        if (!permitted)
            return refuse_call(backend, endpoint, wanted.account, context, std::move(permitted.error()));
        if (account) {
            if (auto frozen =
                    backend.freezes.refusal(endpoint, (*account)->info().account, context.caller.bot))
                return refuse_call(backend, endpoint, wanted.account, context, std::move(*frozen));
        }
        if (auto refused = too_many_calls(backend, *permitted, endpoint, context.caller))
            return refuse_call(backend, endpoint, wanted.account, context, std::move(*refused));
        count_call(backend, *permitted, context.caller);
        if (permitted->holding->grant.validate_only && endpoint.effect == protocol::Effect::place)
            wanted.parameters.set("validate", "true");
        allowed = std::move(*permitted);
    }
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
    if (!is_private) return make_public_call(backend, std::move(call));
    if (account) {
        if (account::is_placement(endpoint)) {
            call.objection = objection_of(backend, context, (*account)->info().account);
            call.asker_is_gone = context.asker_is_gone;
            call.joins_its_like = wanted.joins_its_like;
        }
        return make_private_call(backend, std::move(allowed), std::move(*account), std::move(call));
    }
    if (call.idempotency_key.empty())
        return refuse_call(backend, endpoint, wanted.account, context, std::move(account.error()));
    auto row = row_of_refused(backend, endpoint, wanted.account, context);
    return recall_or_refuse(
        backend, std::move(call), std::move(wanted.account), std::move(row), std::move(account.error())
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
