// Adding, validating and removing keys, and what Kraken is asked about one.

#include "account/accounts.hpp"
#include "base/log.hpp"
#include "key_check.hpp"

#include <utility>

namespace krakken::account {

using base::log;
using base::LogLevel;
using protocol::Error;
using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

// Kraken could not be asked; the key may be good.
bool is_unreachable(const Error& error) {
    return error.code == ErrorCode::network || error.code == ErrorCode::service ||
           error.code == ErrorCode::timeout;
}

bool may_save(const Error& error, SavePolicy policy) {
    const bool asked_in_vain = is_unreachable(error) || error.origin == protocol::Origin::kraken;
    if (policy == SavePolicy::anyway) return asked_in_vain;
    return policy == SavePolicy::unvalidated && is_unreachable(error);
}

// Kraken answered, and the answer is about GetApiKeyInfo itself (an exchange that does not know it) rather
// than about the key or the way to Kraken: then Balance decides.
bool leaves_key_open(const Error& error) {
    return error.origin == protocol::Origin::kraken && error.code != ErrorCode::auth &&
           error.code != ErrorCode::nonce && error.code != ErrorCode::lockout &&
           error.code != ErrorCode::rate_limit;
}

Error still_in_use(const base::AccountName& name) {
    Error error = protocol::make_error(
        ErrorCode::timeout, "the account was not removed: a call of it is still under way"
    );
    error.account = name.text();
    error.retryable = true;
    return error;
}

std::string_view in_words(base::NonceUnit unit) {
    switch (unit) {
        case base::NonceUnit::microseconds:
            return "microseconds";
        case base::NonceUnit::ten_nanoseconds:
            return "10 nanoseconds";
        case base::NonceUnit::nanoseconds:
            return "nanoseconds";
    }
    std::unreachable();
}

// `before`: what the unit was, or should be; empty: the usual one.
void warn_if_moved(Validation& validation, std::optional<base::NonceUnit> before, const Lane& lane) {
    const auto& sequence = lane.sequence();
    if (!sequence || sequence->unit() <= before.value_or(base::NonceUnit::microseconds)) return;
    validation.warnings.push_back(
        "another program has used this key with finer nonces, so they are counted in " +
        std::string(in_words(sequence->unit())) + " from now on"
    );
}

}  // namespace

awaitable<Result<Validation>> Accounts::add(keeper::NewKey candidate, SavePolicy policy) {
    const base::AccountName name = candidate.account;
    if (environment_.contains(name)) co_return std::unexpected(keeper::environment_error(name));
    if (!services_.keeper.vault_is_open())
        co_return std::unexpected(protocol::locked_error(services_.keeper.vault_exists()));
    auto staged = co_await services_.keeper.stage(std::move(candidate));
    if (!staged) co_return std::unexpected(std::move(staged.error()));

    Validation validation{name, staged->key, false, false, std::nullopt, std::move(staged->warnings)};
    auto refused = co_await ask_kraken(validation, {settings_.retry, Lane::Hold::passed});
    if (refused && !may_save(refused->error, policy)) {
        services_.keeper.discard(validation.key);
        refused->error.account = name.text();
        if (is_unreachable(refused->error)) refused->error.details["can_save_unvalidated"] = true;
        co_return std::unexpected(std::move(refused->error));
    }
    validation.validated = !refused;
    warn_if_moved(validation, options_of(name).nonce_unit, *lane_of(validation.key, name));
    if (refused) validation.warnings.push_back("saved without Kraken's word: " + refused->error.message);
    auto saved = co_await save(std::move(validation));
    co_return saved;
}

awaitable<Result<Validation>> Accounts::save(Validation validation) {
    std::optional<base::Time> validated_at;
    if (validation.validated) validated_at = services_.clock.now();
    const auto committed = co_await services_.keeper.commit(validation.key, validated_at);
    if (!committed) {
        services_.keeper.discard(validation.key);
        co_return std::unexpected(committed.error());
    }
    validation.saved = true;
    if (validation.validated) lane_of(validation.key, validation.account)->release();
    refresh();
    log(LogLevel::info,
        "account.added",
        {{"account", validation.account.text()},
         {"key", validation.key.hex()},
         {"validated", validation.validated ? "yes" : "no"}});
    co_return validation;
}

awaitable<Result<Validation>> Accounts::validate(base::AccountName name) {
    const auto found = find(name.text());
    if (!found) co_return std::unexpected(found.error());
    const auto account = *found;
    if (environment_.contains(name)) co_return std::unexpected(keeper::environment_error(name));

    Validation validation{name, account->info().key, false, true, std::nullopt, {}};
    const auto lane = lane_of(validation.key, name);
    const auto unit = lane->sequence() ? lane->sequence()->unit() : options_of(name).nonce_unit;
    lane->search_unit();  // another program may have moved the key to a finer one
    auto refused = co_await ask_kraken(validation, {settings_.retry, Lane::Hold::passed});
    warn_if_moved(validation, unit, *lane);
    if (refused) {
        account->refused(validation.key, *refused->endpoint, refused->error);
        refused->error.account = name.text();
        co_return std::unexpected(std::move(refused->error));
    }
    const base::Time now = services_.clock.now();
    const auto marked = co_await services_.keeper.mark_validated(validation.key, now);
    if (!marked) co_return std::unexpected(marked.error());
    keeper::KeyInfo info = account->info();
    info.validated_at = now;
    account->validated(std::move(info));
    validation.validated = true;
    co_return validation;
}

awaitable<Result<void>> Accounts::remove(base::AccountName name) {
    const auto found = find(name.text());
    if (!found) co_return std::unexpected(found.error());
    const auto account = *found;
    if (environment_.contains(name)) co_return std::unexpected(keeper::environment_error(name));
    const bool retired = co_await account->retire(steady_clock::now() + settings_.removal_wait);
    if (!retired) co_return std::unexpected(still_in_use(name));
    const base::KeyId key = account->info().key;
    const auto removed = co_await services_.keeper.remove(key);
    if (!removed) {
        account->stay();
        co_return std::unexpected(removed.error());
    }
    known_.erase(name);
    refresh();
    log(LogLevel::info, "account.removed", {{"account", name.text()}, {"key", key.hex()}});
    co_return Result<void>();
}

awaitable<std::optional<Accounts::Refused>> Accounts::ask_kraken(Validation& validation, Asking how) {
    const auto lane = lane_of(validation.key, validation.account);
    const auto* info = protocol::find_endpoint("GetApiKeyInfo");
    const auto key_info = co_await ask(lane, *info, how);
    if (!key_info && !leaves_key_open(key_info.error())) co_return Refused{info, key_info.error()};
    const std::uint64_t last_nonce = lane->sequence() ? lane->sequence()->last() : 0;
    auto judgement = key_info ? judge_key(*key_info, services_.clock.now(), last_nonce) : std::nullopt;
    if (judgement) {
        validation.permissions = std::move(judgement->permissions);
        for (std::string& warning : judgement->warnings)
            validation.warnings.push_back(std::move(warning));
    } else {
        validation.warnings.push_back(
            "Kraken did not say what the key may do: see its permissions on Kraken's page"
        );
    }
    const auto* balance = protocol::find_endpoint("Balance");
    const auto funds = co_await ask(lane, *balance, how);
    if (!funds) co_return Refused{balance, funds.error()};
    co_return std::nullopt;
}

awaitable<Result<std::string>> Accounts::ask(
    std::shared_ptr<Lane> lane, const protocol::Endpoint& endpoint, Asking how
) {
    // A key with a TOTP seed has one code for each half minute, and this may be its second question.
    constexpr std::chrono::seconds code_period{30};
    const auto wait = settings_.validation_timeout + code_period;
    const auto deadline = steady_clock::now() + wait;
    const auto parameters = kraken::Parameters::parse("");
    const Call call{&endpoint, *parameters, deadline, wait, "validation"};
    const SendOnce send_once = [&] {
        return lane->send({*call.endpoint, call.parameters, {deadline, deadline}, nullptr, how.hold});
    };
    auto outcome = co_await make_call(services_.api, services_.clock, call, how.retry, send_once);
    if (!outcome && outcome.error().code == ErrorCode::lockout) lane->locked_out(outcome.error());
    co_return outcome;
}

}  // namespace krakken::account
