// What became of calls that place orders or move funds, for those who ask.

#include "account/accounts.hpp"
#include "base/log.hpp"

#include <utility>

namespace krakken::account {

using protocol::ErrorCode;
using protocol::fail;
using state::Intent;
using state::IntentState;
using std::chrono::steady_clock;

namespace {

std::unexpected<protocol::Error> no_such_intent() {
    return fail(ErrorCode::invalid_params, "no call of this id is known; see: krakkenctl intent list");
}

protocol::Error not_known_in_time(const std::string& id) {
    protocol::Error error =
        protocol::make_error(ErrorCode::timeout, "what became of the call is not known yet");
    error.retryable = true;
    error.details["intent"] = id;
    return error;
}

}  // namespace

// Open in memory, whichever account holds it; one that is locked away may still be there.
std::shared_ptr<Settlement> Accounts::settlement_of(const Intent& intent) const {
    const auto account = known_.find(intent.account);
    return account == known_.end() ? nullptr : account->second->placements().find(intent.id);
}

// Its client learns what is known of it.
void Accounts::tell(const Intent& intent) {
    const auto account = known_.find(intent.account);
    if (account == known_.end()) return;
    account->second->placements().told([&intent](const Intent& each) { return each.id == intent.id; });
}

void Accounts::told(const std::string& client, const std::string& idempotency_key) {
    for (const auto& [name, account] : known_)
        account->placements().told([&](const Intent& each) {
            return each.client == client && each.idempotency_key == idempotency_key;
        });
}

IntentReport Accounts::report(Intent intent) const {
    const auto settlement = settlement_of(intent);
    const bool lost = settlement ? settlement->is_lost() : intent.state == IntentState::sent;
    return {std::move(intent), lost};
}

awaitable<Result<std::vector<IntentReport>>> Accounts::intents(
    std::string client, std::optional<base::AccountName> account, bool open_only, std::size_t limit
) {
    auto kept = co_await services_.store.intents({
        .client = client,
        .account = account ? account->text() : "",
        .open_only = open_only,
        .limit = limit,
    });
    if (!kept) co_return std::unexpected(std::move(kept.error()));
    std::vector<IntentReport> reports;
    for (Intent& intent : *kept) {
        if (!client.empty()) tell(intent);
        reports.push_back(report(std::move(intent)));
    }
    co_return reports;
}

awaitable<Result<IntentReport>> Accounts::intent(std::string client, std::string id) {
    auto kept = co_await services_.store.intent(std::move(id));
    if (!kept) co_return std::unexpected(std::move(kept.error()));
    if (!*kept || (!client.empty() && (*kept)->client != client)) co_return no_such_intent();
    if (!client.empty()) tell(**kept);
    co_return report(std::move(**kept));
}

awaitable<Result<IntentReport>> Accounts::wait_for_intent(
    std::string client, std::string id, steady_clock::time_point deadline
) {
    while (true) {
        auto known = co_await intent(client, id);
        if (!known || known->intent.state != IntentState::sent) co_return known;
        if (steady_clock::now() >= deadline || services_.api.stopping())
            co_return std::unexpected(not_known_in_time(id));
        const auto settlement = settlement_of(known->intent);
        // Where nobody looks now, an unlock may change that.
        const auto look_again = std::min(deadline, steady_clock::now() + std::chrono::seconds(1));
        if (settlement && !settlement->is_settled()) {
            co_await settlement->wait_for_change(settlement->is_looked_for() ? deadline : look_again);
        } else {
            const auto pause =
                std::chrono::duration_cast<std::chrono::microseconds>(look_again - steady_clock::now());
            co_await services_.api.pause(
                std::min<std::chrono::microseconds>(pause, std::chrono::milliseconds(50))
            );
        }
    }
}

awaitable<Result<std::string>> Accounts::known_by_now(std::string client, Result<std::string> answer) {
    if (answer || answer.error().code != ErrorCode::outcome_unknown) co_return answer;
    const auto id = answer.error().details.find("intent");
    if (id == answer.error().details.end()) co_return answer;
    const auto known = co_await intent(std::move(client), std::string(id->value().as_string()));
    auto outcome = known ? outcome_of(known->intent) : std::nullopt;
    co_return outcome ? std::move(*outcome) : std::move(answer);
}

// Of the account that is named, or that would be taken; before the first unlock its name is only known by
// what earlier runs have written.
std::optional<base::AccountName> Accounts::account_meant(
    const Call& call, const std::optional<std::string>& wanted
) const {
    if (wanted) return base::AccountName::parse(*wanted);
    if (!settings_.default_account.empty()) return base::AccountName::parse(settings_.default_account);
    if (known_.size() == 1) return known_.begin()->first;
    for (const Intent& intent : services_.store.intents_at_start())
        if (intent.client == call.caller.identity() && intent.idempotency_key == call.idempotency_key)
            return intent.account;
    return std::nullopt;
}

awaitable<std::optional<Result<std::string>>> Accounts::recall(Call call, std::optional<std::string> wanted) {
    const auto account = account_meant(call, wanted);
    if (call.idempotency_key.empty() || !account) co_return std::nullopt;
    const auto earlier =
        co_await services_.store.intent_of(call.caller.identity(), *account, call.idempotency_key);
    if (!earlier) co_return std::unexpected(earlier.error());
    if (!*earlier) co_return std::nullopt;
    if (auto known = Placements::known_outcome(**earlier, call)) co_return known;
    const Settlement open(
        **earlier, *call.endpoint, parse_sought((*earlier)->sought).value_or(Sought{}), services_.executor
    );
    co_return std::unexpected(unknown_outcome(
        open, "the call was sent earlier and its answer was lost; what became of it is not known yet", true
    ));
}

awaitable<Result<IntentReport>> Accounts::settle_intent(std::string id, PersonsWord word) {
    auto known = co_await intent("", id);
    if (!known) co_return known;
    const auto account = known_.find(known->intent.account);
    Result<void> settled;
    if (account != known_.end() && account->second->placements().find(id)) {
        settled = co_await account->second->placements().settle(id, word);
    } else if (known->intent.state == IntentState::placed || known->intent.state == IntentState::not_placed) {
        settled = fail(
            ErrorCode::invalid_params, "what became of this call is known; see: krakkenctl intent show ID"
        );
    } else {
        settled = co_await services_.store.end_intent(
            {.id = id,
             .state = word.state,
             .outcome = "",
             .reason = word.reason,
             .settled_at = services_.clock.now(),
             .dated = services_.clock.kraken_now().has_value(),
             .said_by = word.said_by}
        );
    }
    if (!settled) co_return std::unexpected(std::move(settled.error()));
    settled_by_word_.insert(id);
    known->intent.state = word.state;
    known->intent.reason = std::move(word.reason);
    known->intent.settled_at = services_.clock.now();
    co_return known;
}

}  // namespace krakken::account
