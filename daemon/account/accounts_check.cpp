// What the daemon asks Kraken by itself after an unlock: its time, and whether the keys are accepted.

#include "account/accounts.hpp"
#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>
#include <vector>

namespace krakken::account {

using base::log;
using base::LogLevel;
using protocol::ErrorCode;

namespace {

// What such an answer says holds for the account's next calls, too; a network that fails now may be back by
// then.
bool tells_of_account(const protocol::Error& error) {
    return error.code == ErrorCode::auth || error.code == ErrorCode::permission ||
           error.code == ErrorCode::nonce || error.code == ErrorCode::lockout;
}

}  // namespace

awaitable<void> Accounts::check() {
    // First, so that the nonces of the keys' first calls follow the right clock.
    const bool told = co_await services_.api.ask_time(services_.clock);
    if (!told) log(LogLevel::warn, "kraken.time_unknown", {{"upstream", upstream_state()}});

    auto start = [this](std::shared_ptr<Account> account, std::shared_ptr<Key> key) {
        return boost::asio::co_spawn(
            services_.executor, check_one(std::move(account), std::move(key)), boost::asio::deferred
        );
    };
    std::vector<decltype(start(nullptr, nullptr))> checks;
    for (const auto& account : list())
        for (const auto& key : account->keys())
            checks.push_back(start(account, key));
    if (checks.empty()) co_return;
    const auto [order, bugs] =
        co_await boost::asio::experimental::make_parallel_group(std::move(checks))
            .async_wait(boost::asio::experimental::wait_for_all(), boost::asio::use_awaitable);
    for (const std::exception_ptr& bug : bugs)
        if (bug) std::rethrow_exception(bug);
}

awaitable<void> Accounts::check_one(std::shared_ptr<Account> account, std::shared_ptr<Key> asked) {
    const base::AccountName name = account->info().account;
    const base::KeyId key = asked->info().key;
    // Asking with a key that Kraken refused, or during a lockout, would only make it worse.
    if (!is_there(*account) || services_.api.stopping() || !asked->lane()->serves()) co_return;

    RetrySettings once = settings_.retry;
    once.max_attempts = 1;
    Validation validation{name, key, false, true, std::nullopt, {}};
    auto refused = co_await ask_kraken(validation, {once, Lane::Hold::obeyed});
    if (!is_there(*account) || services_.api.stopping()) co_return;

    for (const std::string& warning : validation.warnings)
        log(LogLevel::warn, "account.warning", {{"account", name.text()}, {"text", warning}});
    if (refused) {
        if (tells_of_account(refused->error)) asked->refused(*refused->endpoint, refused->error);
        log(LogLevel::warn,
            "account.check_failed",
            {{"account", name.text()},
             {"key", key.hex()},
             {"category", protocol::category(refused->error.code)},
             {"why", fit_for_log(refused->error.message)},
             {"remedy", asked->remedy()}});
        co_return;
    }
    asked->accepted(*protocol::find_endpoint("Balance"));
    co_await note_validation(asked);
    log(LogLevel::info,
        "account.checked",
        {{"account", name.text()},
         {"key", key.hex()},
         {"permissions", validation.permissions ? "known" : "unknown"},
         {"warnings", validation.warnings.size()}});
}

// A person cannot have a key of the environment validated, and nothing is written for it.
awaitable<void> Accounts::note_validation(std::shared_ptr<Key> key) {
    keeper::KeyInfo info = key->info();
    if (info.source != keeper::Source::environment) co_return;
    info.validated_at = services_.clock.now();
    const auto noted = co_await services_.keeper.mark_validated(info.key, *info.validated_at);
    if (noted) key->describe(std::move(info));
}

bool Accounts::is_there(const Account& account) const {
    const auto found = accounts_.find(account.info().account);
    return found != accounts_.end() && found->second.get() == &account;
}

}  // namespace krakken::account
