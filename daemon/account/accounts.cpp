#include "account/accounts.hpp"

#include "base/log.hpp"
#include "key_check.hpp"

#include <boost/json/array.hpp>
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

Error locked_error(keeper::VaultState state) {
    if (state == keeper::VaultState::uninitialized) {
        return protocol::make_error(ErrorCode::locked, "there is no vault yet")
            .with("state", "uninitialized")
            .with_remedy("run: krakkenctl setup");
    }
    return protocol::make_error(ErrorCode::locked, "the vault is locked")
        .with("state", "locked")
        .with_remedy("run: krakkenctl unlock");
}

}  // namespace

void Accounts::refresh() {
    std::map<base::AccountName, std::shared_ptr<Account>> now;
    for (keeper::KeyInfo& info : services_.keeper.list()) {
        const auto known = accounts_.find(info.account);
        const bool same = known != accounts_.end() && known->second->info().key == info.key;
        auto account = same ? known->second
                            : std::make_shared<Account>(services_, settings_.retry, info, lane_of(info.key));
        now.emplace(info.account, std::move(account));
    }
    accounts_ = std::move(now);
    services_.api.keep_warm(accounts_.size());
}

std::shared_ptr<Lane> Accounts::lane_of(const base::KeyId& key) {
    auto& lane = lanes_[key];
    if (!lane) lane = std::make_shared<Lane>(services_, key);
    return lane;
}

Result<std::shared_ptr<Account>> Accounts::find(const std::optional<std::string>& wanted) const {
    if (services_.keeper.state() != keeper::VaultState::unlocked) {
        return std::unexpected(locked_error(services_.keeper.state()));
    }
    if (accounts_.empty()) {
        return std::unexpected(
            protocol::make_error(ErrorCode::no_credentials, "the vault holds no account yet")
                .with_remedy("run: krakkenctl account add NAME")
        );
    }
    if (wanted) return find_named(*wanted);
    if (!settings_.default_account.empty()) return find_named(settings_.default_account);
    if (accounts_.size() == 1) return accounts_.begin()->second;
    return unknown_account("several accounts are there; say which one");
}

Result<std::shared_ptr<Account>> Accounts::find_named(const std::string& wanted) const {
    if (const auto name = base::AccountName::parse(wanted)) {
        if (const auto found = accounts_.find(*name); found != accounts_.end()) return found->second;
    }
    return unknown_account("no account has that name");
}

std::unexpected<Error> Accounts::unknown_account(std::string sentence) const {
    boost::json::array names;
    for (const auto& [name, account] : accounts_)
        names.emplace_back(name.text());
    return std::unexpected(protocol::make_error(ErrorCode::unknown_account, std::move(sentence))
                               .with("accounts", std::move(names)));
}

awaitable<Result<std::string>> Accounts::call_public(Call call) {
    const auto query = call.parameters.query();
    if (!query) co_return std::unexpected(query.error());
    const SendOnce send_once = [&] { return send_public(*call.endpoint, *query, call.deadline); };
    auto outcome = co_await make_call(services_.executor, services_.clock, call, settings_.retry, send_once);
    co_return outcome;
}

awaitable<Result<kraken::Attempt>> Accounts::send_public(
    const protocol::Endpoint& endpoint, std::string query, steady_clock::time_point deadline
) {
    kraken::Attempt attempt = co_await services_.api.call_public(endpoint, std::move(query), deadline);
    co_return attempt;
}

awaitable<Result<Validation>> Accounts::add(keeper::NewKey candidate, SavePolicy policy) {
    if (services_.keeper.state() != keeper::VaultState::unlocked) {
        co_return std::unexpected(locked_error(services_.keeper.state()));
    }
    const base::AccountName name = candidate.account;
    auto staged = co_await services_.keeper.stage(std::move(candidate));
    if (!staged) co_return std::unexpected(std::move(staged.error()));

    Validation validation{name, staged->key, false, false, std::nullopt, std::move(staged->warnings)};
    const auto asked = co_await ask_kraken(validation);
    if (!asked && !may_save(asked.error(), policy)) {
        services_.keeper.discard(validation.key);
        Error error = asked.error();
        error.account = name.text();
        if (is_unreachable(error)) error.details["can_save_unvalidated"] = true;
        co_return std::unexpected(std::move(error));
    }
    validation.validated = asked.has_value();
    if (!asked) validation.warnings.push_back("saved without Kraken's word: " + asked.error().message);

    std::optional<base::Time> validated_at;
    if (asked) validated_at = services_.clock.now();
    const auto committed = co_await services_.keeper.commit(validation.key, validated_at);
    if (!committed) {
        services_.keeper.discard(validation.key);
        co_return std::unexpected(committed.error());
    }
    validation.saved = true;
    if (asked) lane_of(validation.key)->release();
    refresh();
    log(LogLevel::info,
        "account.added",
        {{"account", name.text()},
         {"key", validation.key.hex()},
         {"validated", validation.validated ? "yes" : "no"}});
    co_return validation;
}

awaitable<Result<Validation>> Accounts::validate(base::AccountName name) {
    const auto account = find(name.text());
    if (!account) co_return std::unexpected(account.error());
    Validation validation{name, (*account)->info().key, false, true, std::nullopt, {}};
    const auto asked = co_await ask_kraken(validation);
    if (!asked) {
        Error error = asked.error();
        error.account = name.text();
        (*account)->refused(error);
        co_return std::unexpected(std::move(error));
    }
    const base::Time now = services_.clock.now();
    const auto marked = co_await services_.keeper.mark_validated(validation.key, now);
    if (!marked) co_return std::unexpected(marked.error());
    keeper::KeyInfo info = (*account)->info();
    info.validated_at = now;
    (*account)->validated(std::move(info));
    validation.validated = true;
    co_return validation;
}

awaitable<Result<void>> Accounts::remove(base::AccountName name) {
    const auto account = find(name.text());
    if (!account) co_return std::unexpected(account.error());
    const auto removed = co_await services_.keeper.remove((*account)->info().key);
    if (!removed) co_return std::unexpected(removed.error());
    refresh();
    log(LogLevel::info, "account.removed", {{"account", name.text()}});
    co_return Result<void>();
}

awaitable<void> Accounts::check() {
    co_return;
}

awaitable<Result<std::uint64_t>> Accounts::import_nonce(base::AccountName name, std::filesystem::path) {
    const auto account = find(name.text());
    if (!account) co_return std::unexpected(account.error());
    co_return protocol::fail(ErrorCode::internal, "not there yet");
}

awaitable<Result<void>> Accounts::ask_kraken(Validation& validation) {
    const auto key_info = co_await ask(validation.key, "GetApiKeyInfo");
    if (!key_info) co_return std::unexpected(key_info.error());
    if (auto judgement = judge_key(*key_info)) {
        validation.permissions = std::move(judgement->permissions);
        for (std::string& warning : judgement->warnings)
            validation.warnings.push_back(std::move(warning));
    }
    const auto balance = co_await ask(validation.key, "Balance");
    if (!balance) co_return std::unexpected(balance.error());
    co_return Result<void>();
}

awaitable<Result<std::string>> Accounts::ask(const base::KeyId& key, std::string_view endpoint) {
    const auto lane = lane_of(key);
    const auto deadline = steady_clock::now() + settings_.validation_timeout;
    const auto parameters = kraken::Parameters::parse("");
    const Call call{
        protocol::find_endpoint(endpoint), *parameters, deadline, settings_.validation_timeout, "validation"
    };
    const SendOnce send_once = [&] {
        return lane->send(*call.endpoint, call.parameters, {deadline, deadline}, nullptr, Lane::Hold::passed);
    };
    auto outcome = co_await make_call(services_.executor, services_.clock, call, settings_.retry, send_once);
    if (!outcome && outcome.error().code == ErrorCode::lockout) lane->locked_out(outcome.error());
    co_return outcome;
}

std::vector<std::shared_ptr<Account>> Accounts::list() const {
    std::vector<std::shared_ptr<Account>> all;
    for (const auto& [name, account] : accounts_)
        all.push_back(account);
    return all;
}

}  // namespace krakken::account
