// Taking keys in and validating them.

#include "account/accounts.hpp"
#include "base/log.hpp"

#include <algorithm>
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

// A lock has wiped the candidate; by now the vault may be open again, with no such key.
Error wiped_meanwhile() {
    Error error = protocol::locked_error(true);
    error.message = "the vault was locked while the key was tried, so the key was not saved";
    error.remedy = "add it again";
    return error;
}

// Why a key was not saved, for whoever wants to save it.
Error not_saved(Error error, const Validation& validation, bool joins) {
    if (error.code == ErrorCode::no_credentials) error = wiped_meanwhile();
    error.account = validation.account.text();
    if (!is_unreachable(error)) return error;
    if (!joins) {
        error.details["can_save_unvalidated"] = true;
    } else if (error.remedy.empty()) {
        error.remedy = "try again when Kraken can be reached: only it can tell whose the key is";
    }
    return error;
}

// What is wrong is the key's; others may be good.
bool is_of_the_key(const Error& error) {
    return error.code == ErrorCode::auth || error.code == ErrorCode::permission ||
           error.code == ErrorCode::nonce;
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
    auto added = co_await take_in(std::move(candidate), policy);
    co_return added;
}

awaitable<Result<Validation>> Accounts::take_in(keeper::NewKey candidate, SavePolicy policy) {
    const base::AccountName name = candidate.account;
    const bool joins = candidate.joins;
    auto staged = co_await services_.keeper.stage(std::move(candidate));
    if (!staged) co_return std::unexpected(std::move(staged.error()));

    Validation validation{name, staged->key, false, false, std::nullopt, std::move(staged->warnings)};
    auto refused = co_await ask_kraken(validation, {settings_.retry, Lane::Hold::passed});
    if (refused && !may_save(refused->error, policy)) {
        forget(validation.key);
        co_return std::unexpected(not_saved(std::move(refused->error), validation, joins));
    }
    if (joins) {
        auto proven = co_await prove_same_account(validation, policy);
        if (!proven) {
            forget(validation.key);
            co_return std::unexpected(std::move(proven.error()));
        }
    }
    validation.validated = !refused;
    warn_if_moved(validation, options_of(name).nonce_unit, *lane_of(validation.key, name));
    if (refused) validation.warnings.push_back("saved without Kraken's word: " + refused->error.message);
    auto saved = co_await save(std::move(validation));
    co_return saved;
}

void Accounts::forget(const base::KeyId& key) {
    services_.keeper.discard(key);
    told_.erase(key);
}

awaitable<Result<Validation>> Accounts::save(Validation validation) {
    std::optional<base::Time> validated_at;
    if (validation.validated) validated_at = services_.clock.now();
    auto committed = co_await services_.keeper.commit(validation.key, validated_at);
    if (!committed) {
        forget(validation.key);
        const bool wiped = committed.error().code == ErrorCode::no_credentials;
        co_return std::unexpected(wiped ? wiped_meanwhile() : std::move(committed.error()));
    }
    validation.saved = true;
    if (validation.validated) lane_of(validation.key, validation.account)->release();
    refresh();
    log(LogLevel::info,
        "account.added",
        {{"account", validation.account.text()},
         {"key", validation.key.hex()},
         {"keys", keys_of(validation.account).size()},
         {"validated", validation.validated ? "yes" : "no"}});
    co_return validation;
}

awaitable<Result<std::vector<Validation>>> Accounts::validate(
    base::AccountName name, std::optional<base::KeyId> wanted
) {
    const auto account = find_saved(name);
    if (!account) co_return std::unexpected(account.error());
    std::vector<keeper::KeyInfo> keys = keys_of(name);
    if (wanted) {
        const auto key = choose_key(name, wanted);
        if (!key) co_return std::unexpected(key.error());
        std::erase_if(keys, [&](const keeper::KeyInfo& info) { return info.key != *key; });
    }

    std::vector<Validation> validations;
    std::optional<Error> refused;
    for (const keeper::KeyInfo& info : keys) {
        auto validation = co_await validate_one(*account, info.key);
        if (validation) {
            validations.push_back(std::move(*validation));
            continue;
        }
        const bool only_this_one = is_of_the_key(validation.error());
        if (!refused) refused = std::move(validation.error()).with("key", info.key.hex().c_str());
        if (!only_this_one) break;
    }
    if (refused) co_return std::unexpected(std::move(*refused));
    co_return validations;
}

awaitable<Result<Validation>> Accounts::validate_one(std::shared_ptr<Account> account, base::KeyId key) {
    const base::AccountName name = account->info().account;
    Validation validation{name, key, false, true, std::nullopt, {}};
    const auto lane = lane_of(validation.key, name);
    const auto unit = lane->sequence() ? lane->sequence()->unit() : options_of(name).nonce_unit;
    lane->search_unit();  // another program may have moved the key to a finer one
    auto refused = co_await ask_kraken(validation, {settings_.retry, Lane::Hold::passed});
    warn_if_moved(validation, unit, *lane);
    if (refused) {
        account->refused(key, *refused->endpoint, refused->error);
        refused->error.account = name.text();
        co_return std::unexpected(std::move(refused->error));
    }
    const base::Time now = services_.clock.now();
    const auto marked = co_await services_.keeper.mark_validated(validation.key, now);
    if (!marked) co_return std::unexpected(marked.error());
    for (keeper::KeyInfo& info : keys_of(name))
        if (info.key == key) account->validated(std::move(info));
    set_strangers_aside(name);
    if (lane->held()) co_return std::unexpected(*lane->refusal());
    validation.validated = true;
    co_return validation;
}

}  // namespace krakken::account
