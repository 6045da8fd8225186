// Several keys of one account: joining, replacing and removing.

#include "account/accounts.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <utility>

namespace krakken::account {

using base::log;
using base::LogLevel;
using protocol::Error;
using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

Error change_under_way(const base::AccountName& name) {
    Error error = protocol::make_error(
        ErrorCode::overloaded, "another change of the keys of " + name.text() + " is under way"
    );
    error.account = name.text();
    error.retryable = true;
    return error;
}

Error still_in_use(const base::AccountName& name, std::string_view what) {
    Error error = protocol::make_error(
        ErrorCode::timeout,
        "the " + std::string(what) +
            " was not removed: a call of it is still under way, or it is being found out what became of one"
    );
    error.account = name.text();
    error.retryable = true;
    return error;
}

Error no_such_key() {
    return protocol::make_error(
        ErrorCode::invalid_params, "the account has no such key; see: krakkenctl account list"
    );
}

Error several_keys(const std::vector<keeper::KeyInfo>& keys) {
    boost::json::array shown;
    for (const keeper::KeyInfo& info : keys)
        shown.emplace_back(info.key.hex());
    return protocol::make_error(ErrorCode::invalid_params, "the account has several keys; say which one")
        .with("keys", std::move(shown))
        .with_remedy("name it by its 8 hex digits, as krakkenctl account list shows them");
}

// The new key is saved all the same, so the same request would not do.
Error not_retired(Error why, const Validation& added, const base::KeyId& old_key) {
    why.message = "the new key " + added.key.hex() + " is saved and in use, but the old one, " +
                  old_key.hex() + ", stays: " + why.message;
    why.account = added.account.text();
    why.retryable = false;
    why.details["key"] = added.key.hex();
    why.remedy = "later run: krakkenctl account remove " + added.account.text() + " --key " + old_key.hex() +
                 ", then delete that key at Kraken";
    return why;
}

// Only Kraken can tell that a key is of the same account, so that it could not be asked is no excuse.
SavePolicy for_further_keys(SavePolicy policy) {
    return policy == SavePolicy::unvalidated ? SavePolicy::validated : policy;
}

}  // namespace

template <class T>
awaitable<Result<T>> Accounts::alone(base::AccountName name, awaitable<Result<T>> change) {
    if (!changing_.insert(name).second) co_return std::unexpected(change_under_way(name));
    auto changed = co_await std::move(change);
    changing_.erase(name);
    co_return changed;
}

Result<std::shared_ptr<Account>> Accounts::find_saved(const base::AccountName& name) const {
    auto account = find(name.text());
    if (account && environment_.contains(name)) return std::unexpected(keeper::environment_error(name));
    return account;
}

std::vector<keeper::KeyInfo> Accounts::keys_of(const base::AccountName& name) const {
    std::vector<keeper::KeyInfo> keys = services_.keeper.list();
    std::erase_if(keys, [&](const keeper::KeyInfo& info) { return info.account != name; });
    return keys;
}

Result<base::KeyId> Accounts::choose_key(
    const base::AccountName& name, const std::optional<base::KeyId>& wanted
) const {
    const std::vector<keeper::KeyInfo> keys = keys_of(name);
    if (!wanted && keys.size() == 1) return keys.front().key;
    if (!wanted) return std::unexpected(several_keys(keys));
    const auto found = std::ranges::find(keys, *wanted, &keeper::KeyInfo::key);
    if (found == keys.end()) return std::unexpected(no_such_key());
    return found->key;
}

awaitable<Result<Validation>> Accounts::add_key(keeper::NewKey candidate, SavePolicy policy) {
    const base::AccountName name = candidate.account;
    auto added = co_await alone(name, join(std::move(candidate), policy));
    co_return added;
}

awaitable<Result<Validation>> Accounts::join(keeper::NewKey candidate, SavePolicy policy) {
    const auto account = find_saved(candidate.account);
    if (!account) co_return std::unexpected(account.error());
    candidate.joins = true;
    candidate.tier = (*account)->info().tier;
    auto added = co_await take_in(std::move(candidate), for_further_keys(policy));
    co_return added;
}

awaitable<Result<Replacement>> Accounts::replace_key(
    keeper::NewKey candidate, std::optional<base::KeyId> old_key, SavePolicy policy
) {
    const base::AccountName name = candidate.account;
    auto replaced = co_await alone(name, replace(std::move(candidate), std::move(old_key), policy));
    co_return replaced;
}

awaitable<Result<Replacement>> Accounts::replace(
    keeper::NewKey candidate, std::optional<base::KeyId> wanted, SavePolicy policy
) {
    const auto account = find_saved(candidate.account);
    if (!account) co_return std::unexpected(account.error());
    const auto old_key = choose_key(candidate.account, wanted);
    if (!old_key) co_return std::unexpected(old_key.error());
    auto added = co_await join(std::move(candidate), policy);
    if (!added) co_return std::unexpected(std::move(added.error()));
    auto removed = co_await remove_key(*account, *old_key, settings_.drain_wait);
    if (!removed) co_return std::unexpected(not_retired(std::move(removed.error()), *added, *old_key));
    const auto told = told_.find(*old_key);
    co_return Replacement{
        std::move(*added), *old_key, told == told_.end() ? std::string() : told->second.name
    };
}

awaitable<Result<void>> Accounts::remove(base::AccountName name, std::optional<base::KeyId> key) {
    auto removed = co_await alone(name, remove_some(name, std::move(key)));
    co_return removed;
}

awaitable<Result<void>> Accounts::remove_some(base::AccountName name, std::optional<base::KeyId> wanted) {
    const auto account = find_saved(name);
    if (!account) co_return std::unexpected(account.error());
    const bool has_others = keys_of(name).size() > 1;
    if (wanted) {
        const auto key = choose_key(name, wanted);
        if (!key) co_return std::unexpected(key.error());
    }
    if (!wanted || !has_others) {
        auto removed = co_await remove_all(*account);
        co_return removed;
    }
    auto removed = co_await remove_key(*account, *wanted, settings_.removal_wait);
    co_return removed;
}

awaitable<Result<void>> Accounts::remove_all(std::shared_ptr<Account> account) {
    const base::AccountName name = account->info().account;
    const bool retired = co_await account->retire(steady_clock::now() + settings_.removal_wait);
    if (!retired) co_return std::unexpected(still_in_use(name, "account"));
    const std::vector<std::shared_ptr<Key>> keys = account->keys();
    for (const auto& each : keys) {
        const base::KeyId key = each->info().key;
        const auto removed = co_await services_.keeper.remove(key);
        if (!removed) {
            account->stay();
            refresh();
            co_return std::unexpected(removed.error());
        }
        log(LogLevel::info, "account.removed", {{"account", name.text()}, {"key", key.hex()}});
    }
    known_.erase(name);
    refresh();
    co_return Result<void>();
}

// The account goes on with its other keys. Its lane is this call's until the key is gone: nothing is signed
// with it in between. What became of a placement can only be asked with the key that it was sent with, so the
// key stays until that is known.
awaitable<Result<void>> Accounts::remove_key(
    std::shared_ptr<Account> account, base::KeyId key, std::chrono::milliseconds patience
) {
    const base::AccountName name = account->info().account;
    const auto deadline = steady_clock::now() + patience;
    co_await account->placements().settle_those_of(key, deadline);
    draining_.insert(key);
    refresh();
    co_await account->placements().end_of_those_sent(key, deadline);  // some may have been passed
    Result<void> removed = std::unexpected(still_in_use(name, "key"));
    // An answer may have been lost while the last calls were waited for; then the key is soon wanted again.
    if (!account->placements().needs(key)) {
        const auto turn = co_await lane_of(key, name)->enter(deadline);
        if (turn && !account->placements().needs(key)) removed = co_await services_.keeper.remove(key);
    }
    draining_.erase(key);
    refresh();
    if (removed) log(LogLevel::info, "account.key_removed", {{"account", name.text()}, {"key", key.hex()}});
    co_return removed;
}

}  // namespace krakken::account
