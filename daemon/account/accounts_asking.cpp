// What Kraken is asked about one key: what it may do, whose it is, and whether it is accepted.

#include "account/accounts.hpp"
#include "base/log.hpp"
#include "key_check.hpp"

#include <algorithm>
#include <utility>

namespace krakken::account {

using base::log;
using base::LogLevel;
using protocol::Error;
using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

// Kraken answered, and the answer is about GetApiKeyInfo itself (an exchange that does not know it) rather
// than about the key or the way to Kraken: then Balance decides.
bool leaves_key_open(const Error& error) {
    return error.origin == protocol::Origin::kraken && error.code != ErrorCode::auth &&
           error.code != ErrorCode::nonce && error.code != ErrorCode::lockout &&
           error.code != ErrorCode::rate_limit;
}

Error of_another_account(const base::AccountName& name) {
    return protocol::make_error(
               ErrorCode::invalid_params,
               "the key belongs to another account at Kraken than the keys of " + name.text() + " do"
    )
        .with("reason", "other_account")
        .with_remedy("make the key at Kraken in that account, or add it under a name of its own");
}

Error stranger(const keeper::KeyInfo& info) {
    return protocol::make_error(
               ErrorCode::auth,
               "the key " + info.key.hex() + " belongs to another account at Kraken than the others of " +
                   info.account.text() + ", so nothing is sent with it"
    )
        .with_remedy(
            "run: krakkenctl account remove " + info.account.text() + " --key " + info.key.hex() +
            ", and add it under a name of its own"
        );
}

Error unproven(const base::AccountName& name) {
    return protocol::make_error(
               ErrorCode::invalid_params,
               "Kraken did not tell whether the key belongs to the same account as the keys of " +
                   name.text() + ", so it was not saved"
    )
        .with("reason", "account_unproven")
        .with_remedy(
            "save it \"anyway\" only if you are sure that it does: calls go over any key of an account"
        );
}

}  // namespace

awaitable<std::optional<Accounts::Refused>> Accounts::ask_kraken(Validation& validation, Asking how) {
    const auto lane = lane_of(validation.key, validation.account);
    const auto* info = protocol::find_endpoint("GetApiKeyInfo");
    const auto key_info = co_await ask(lane, *info, how);
    if (!key_info && !leaves_key_open(key_info.error())) co_return Refused{info, key_info.error()};
    const std::uint64_t last_nonce = lane->sequence() ? lane->sequence()->last() : 0;
    auto judgement = key_info ? judge_key(*key_info, services_.clock.now(), last_nonce) : std::nullopt;
    if (judgement) {
        learn(validation.account, validation.key, *judgement);
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

void Accounts::learn(const base::AccountName& name, const base::KeyId& key, const KeyJudgement& judgement) {
    told_[key] = {judgement.account_number, fit_for_log(judgement.name), judgement.permissions};
    set_strangers_aside(name);
    refresh();
}

// All keys of an account must be of one account at Kraken: a call may go over any of them, and what became of
// an order is looked up over any. One that was saved unproven may turn out not to be; the first decides.
void Accounts::set_strangers_aside(const base::AccountName& name) {
    std::string first;
    for (const keeper::KeyInfo& info : keys_of(name)) {
        const auto told = told_.find(info.key);
        if (told == told_.end() || told->second.account_number.empty()) continue;
        if (first.empty()) first = told->second.account_number;
        if (told->second.account_number == first) continue;
        lane_of(info.key, name)->hold(stranger(info));
        log(LogLevel::warn,
            "account.warning",
            {{"account", name.text()}, {"key", info.key.hex()}, {"text", "is of another account at Kraken"}});
    }
}

awaitable<Result<void>> Accounts::prove_same_account(Validation& validation, SavePolicy policy) {
    const std::string mine = told_[validation.key].account_number;
    std::string theirs;
    for (const keeper::KeyInfo& other : keys_of(validation.account)) {
        theirs = co_await account_number(other);
        if (!theirs.empty()) break;
    }
    const bool told = !mine.empty() && !theirs.empty();
    if (told && mine == theirs) co_return Result<void>();
    if (told) co_return std::unexpected(of_another_account(validation.account));
    if (policy != SavePolicy::anyway) co_return std::unexpected(unproven(validation.account));
    validation.warnings.push_back(
        "Kraken did not tell whether the key belongs to the same account as the others of this name"
    );
    co_return Result<void>();
}

// Empty: Kraken does not tell. It stays the same for as long as the key exists, so it is asked for once.
awaitable<std::string> Accounts::account_number(keeper::KeyInfo key) {
    const auto known = told_.find(key.key);
    if (known != told_.end() && !known->second.account_number.empty()) co_return known->second.account_number;
    const auto lane = lane_of(key.key, key.account);
    const auto info =
        co_await ask(lane, *protocol::find_endpoint("GetApiKeyInfo"), {settings_.retry, Lane::Hold::obeyed});
    const auto judgement = info ? judge_key(*info, services_.clock.now(), 0) : std::nullopt;
    if (!judgement) co_return std::string();
    learn(key.account, key.key, *judgement);
    co_return judgement->account_number;
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
        return lane->send({
            .endpoint = *call.endpoint,
            .parameters = call.parameters,
            .deadlines = {deadline, deadline},
            .hold = how.hold,
        });
    };
    auto outcome = co_await make_call(services_.api, services_.clock, call, how.retry, send_once);
    if (!outcome && outcome.error().code == ErrorCode::lockout) lane->locked_out(outcome.error());
    co_return outcome;
}

}  // namespace krakken::account
