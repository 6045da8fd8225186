#include "account/placements.hpp"

#include "account/unsent.hpp"
#include "base/log.hpp"
#include "kraken/made_ids.hpp"
#include "kraken/refusal.hpp"
#include "protocol/json_text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <ranges>

namespace krakken::account {

using base::log;
using base::LogLevel;
using protocol::Error;
using protocol::ErrorCode;
using protocol::Executed;
using protocol::fail;
using state::IntentState;
using std::chrono::steady_clock;

namespace {

// Kraken takes 2 to 60 seconds by its own clock, which we know to a second or so.
std::chrono::milliseconds within_krakens_limits(std::chrono::seconds wanted) {
    return std::clamp<std::chrono::milliseconds>(
        wanted, std::chrono::milliseconds(3500), std::chrono::milliseconds(58'500)
    );
}

Error never_executed() {
    Error error = protocol::make_error(
        ErrorCode::network,
        "no usable answer came; the order was only to be validated, so nothing was executed"
    );
    error.retryable = true;
    return error;
}

}  // namespace

bool only_validates(const protocol::Endpoint& endpoint, const kraken::Parameters& parameters) {
    constexpr auto takers =
        std::to_array<std::string_view>({"AddOrder", "AddOrderBatch", "EditOrder", "AddStrategy"});
    if (std::ranges::find(takers, endpoint.name) == takers.end()) return false;
    const std::string* validate = parameters.find("validate");
    return validate && kraken::plain_text(*validate) == "true";
}

bool is_placement(const protocol::Endpoint& endpoint) {
    return endpoint.effect == protocol::Effect::place || endpoint.effect == protocol::Effect::fund;
}

Placements::Placements(
    Services services, base::AccountName account, PlacementSettings settings, AskKraken ask
)
    : services_(std::move(services)),
      account_(std::move(account)),
      settings_(settings),
      ask_(std::move(ask)),
      look_turns_(services_.executor, services_.api),
      sweep_over_(services_.executor),
      recovered_(services_.executor) {}

awaitable<Result<std::string>> Placements::place_once(
    Call& call, const SendOnce& send, const std::string& hash, const Ahead& ahead
) {
    if (services_.api.stopping()) co_return std::unexpected(protocol::stopping_error());
    const auto recovered = co_await await_recovery(call);
    if (!recovered) co_return std::unexpected(recovered.error());
    if (call.admit_new) {
        const auto admitted = co_await call.admit_new(call);
        if (!admitted) co_return std::unexpected(admitted.error());
    }
    if (ahead.dropped) co_return cancelled_all();
    // What is only checked leaves nothing behind that would have to be found.
    const bool validates = only_validates(*call.endpoint, call.parameters);
    Tagged call_to_make =
        tagged(*call.endpoint, call.parameters, validates ? TagChoice::none : settings_.tag);
    if (validates) call_to_make.sought.kind = Sought::Kind::validation;
    std::shared_ptr<Settlement> settlement;
    std::shared_ptr<Settlement> earlier;
    const Lane::Prepare prepare{
        [&](base::KeyId key, base::Nonce nonce) {
            earlier = same_before(call, hash);
            if (earlier) return leave_unsent();
            return finish(call, hash, call_to_make, settlement, std::move(key), nonce);
        },
        [&] { return commit(settlement); },
    };
    auto outcome = co_await send(call, prepare);
    if (earlier) co_return co_await follow(earlier, call);
    if (!settlement || !find(settlement->intent().id)) co_return outcome;  // nothing was sent
    if (!outcome && outcome.error().executed == Executed::unknown) {
        if (validates) {
            outcome = std::unexpected(never_executed());
        } else {
            settlement->lose();
            find_out(settlement);
            outcome = co_await await_end(settlement, call);
            co_return outcome;
        }
    }
    const bool placed = outcome && !validates;
    settlement->settle(placed ? IntentState::placed : IntentState::not_placed, outcome);
    if (outcome) remember(*outcome);
    tell(*settlement, call);
    end_in_background(settlement);
    co_return outcome;
}

awaitable<Result<kraken::Parameters>> Placements::finish(
    const Call& call,
    const std::string& hash,
    Tagged call_to_make,
    std::shared_ptr<Settlement>& settlement,
    base::KeyId key,
    base::Nonce nonce
) {
    if (settlement) co_return fail(ErrorCode::internal, "a call that acts once was to be sent twice");
    co_await know_the_time();
    if (call.objection)
        if (auto objection = call.objection(call)) co_return std::unexpected(std::move(*objection));
    if (const auto kraken_now = services_.clock.kraken_now();
        kraken_now && call_to_make.sought.kind != Sought::Kind::validation) {
        call_to_make.sought.sent_at = kraken_now;
        set_deadline(*call.endpoint, call_to_make, *kraken_now + within_krakens_limits(settings_.deadline));
    }
    state::Intent intent{
        .id = call.call_id,
        .client = call.caller.identity(),
        .caller = call.caller,
        .account = account_,
        .key = std::move(key),
        .nonce = nonce,
        .endpoint = std::string(call.endpoint->name),
        .sought = to_json(call_to_make.sought),
        .idempotency_key = call.idempotency_key,
        .arguments_hash = hash,
        .notional = call.notional,
        .sent_at = services_.clock.now(),
    };
    settlement = std::make_shared<Settlement>(
        std::move(intent), *call.endpoint, std::move(call_to_make.sought), services_.executor
    );
    settlement->asked_by(call.asker_is_gone);
    co_return std::move(call_to_make.parameters);
}

awaitable<Result<void>> Placements::commit(const std::shared_ptr<Settlement>& settlement) {
    const auto written =
        co_await services_.store.open_intent(settlement->intent(), services_.clock.kraken_now());
    if (written) open_.emplace(settlement->intent().id, settlement);
    co_return written;
}

// The deadline is told by Kraken's clock, which is known but for the first moments behind an unlock. In its
// turn, so that what its client sends next keeps its place; and seldom, since Kraken may not tell.
awaitable<void> Placements::know_the_time() {
    if (services_.clock.kraken_now()) co_return;
    const auto now = services_.clock.elapsed();
    if (time_asked_ && now < *time_asked_ + std::chrono::minutes(1)) co_return;
    time_asked_ = now;
    co_await services_.api.ask_time(services_.clock);
}

awaitable<Result<std::string>> Placements::await_end(
    std::shared_ptr<Settlement> settlement, const Call& call
) {
    co_await settlement->wait(call.deadline);
    if (settlement->is_settled()) {
        tell(*settlement, call);
        co_return settlement->outcome();
    }
    co_return std::unexpected(unknown_outcome(
        *settlement, "the call was sent and its answer was lost; what became of it is not known yet", true
    ));
}

void Placements::adopt(
    const std::vector<state::Intent>& intents, const std::set<std::string>& settled_since
) {
    for (const state::Intent& intent : intents) {
        if (intent.account != account_ || settled_since.contains(intent.id)) continue;
        if (intent.state == IntentState::placed && intent.reason.empty()) remember(intent.outcome);
        const protocol::Endpoint* endpoint = protocol::find_endpoint(intent.endpoint);
        if (!endpoint) continue;  // of a newer program
        if (intent.state == IntentState::sent || intent.state == IntentState::unknown)
            adopt(intent, *endpoint);
    }
}

void Placements::adopt(const state::Intent& intent, const protocol::Endpoint& endpoint) {
    const auto settlement = std::make_shared<Settlement>(
        intent, endpoint, parse_sought(intent.sought).value_or(Sought{}), services_.executor
    );
    settlement->lose();
    open_.emplace(intent.id, settlement);
    if (intent.state == IntentState::unknown) {
        settlement->settle(
            IntentState::unknown,
            std::unexpected(
                unknown_outcome(*settlement, "what became of the call could not be found out", false)
            )
        );
        settlement->tell();  // by an earlier run, as far as can be told
        return;
    }
    if (settlement->sought().kind == Sought::Kind::validation) {
        settlement->settle(IntentState::not_placed, std::unexpected(never_executed()));
        end_in_background(settlement);
        return;
    }
    recovering_.insert(intent.id);
    find_out(settlement);
}

awaitable<Result<void>> Placements::await_recovery(const Call& call) {
    const auto until = std::min(steady_clock::now() + call.max_wait, call.deadline);
    while (!recovering_.empty() && steady_clock::now() < until)
        co_await recovered_.wait_until(until);
    if (recovering_.empty()) co_return Result<void>();
    Error error = protocol::make_error(
        ErrorCode::timeout,
        "nothing was sent: before a new placement the daemon looks up what it had sent before it was stopped"
    );
    error.retryable = true;
    error.remedy = "see: krakkenctl intent list";
    error.details["settling"] = recovering_.size();
    co_return std::unexpected(std::move(error));
}

void Placements::resume() {
    for (const auto& [id, settlement] : open_)
        if (settlement->is_lost() && !settlement->is_settled() && !settlement->is_looked_for())
            find_out(settlement);
}

void Placements::find_out(std::shared_ptr<Settlement> settlement) {
    const auto done = [](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
    };
    settlement->look_begins();
    boost::asio::co_spawn(
        services_.executor, see_to_the_end(shared_from_this(), std::move(settlement)), done
    );
}

awaitable<void> Placements::see_to_the_end(
    std::shared_ptr<Placements> self, std::shared_ptr<Settlement> settlement
) {
    const std::string id = settlement->intent().id;
    log(LogLevel::warn,
        "settle.begun",
        {{"call_id", id}, {"account", self->account_.text()}, {"endpoint", settlement->endpoint().name}});
    Settling::Patience patience;
    patience.shown_after = self->settings_.shown_after;
    const SettlingEnd how = co_await Settlement::look(
        settlement,
        self->services_.api,
        self->services_.clock,
        self->ask_,
        [self, settlement] { return self->claims_beside(*settlement); },
        patience,
        self->look_turns_
    );
    settlement->look_ends();
    // A person may have settled it while the last question was on its way, and it was written down then.
    if (settlement->said_by()) co_return;
    if (how == SettlingEnd::interrupted) {
        log(LogLevel::warn, "settle.interrupted", {{"call_id", id}, {"account", self->account_.text()}});
        co_return;
    }
    log(LogLevel::warn,
        "settle.done",
        {{"call_id", id},
         {"account", self->account_.text()},
         {"endpoint", settlement->endpoint().name},
         {"outcome", state::name(settlement->state())}});
    if (settlement->outcome()) self->remember(*settlement->outcome());
    self->recovering_.erase(id);
    self->recovered_.happened();
    co_await end(self, settlement);
}

void Placements::end_in_background(const std::shared_ptr<Settlement>& settlement) {
    const auto done = [](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
    };
    boost::asio::co_spawn(services_.executor, end(shared_from_this(), settlement), done);
}

// Until all is done it stays among the open ones, so that a repeat of its key is told what became of it.
awaitable<void> Placements::end(std::shared_ptr<Placements> self, std::shared_ptr<Settlement> settlement) {
    const bool done = co_await self->cancel_swept(*settlement);
    if (!done) co_return;  // the next run finds it again, and cancels it then
    const auto written = co_await write_end(self, settlement);
    if (!written || !settlement->is_settled_for_good()) co_return;
    if (settlement->is_untold(steady_clock::now())) self->untold_.push_back(settlement);
    self->open_.erase(settlement->intent().id);
}

// Its caller knows already; should this not reach the disk, the next run finds it out anew.
awaitable<Result<void>> Placements::write_end(
    std::shared_ptr<Placements> self, std::shared_ptr<Settlement> settlement
) {
    const auto& outcome = settlement->outcome();
    // What was only validated has an answer, and is nobody's result all the same.
    const std::string result = outcome && settlement->state() == IntentState::placed ? *outcome : "";
    const auto written = co_await self->services_.store.end_intent({
        .id = settlement->intent().id,
        .state = settlement->state(),
        .outcome = outcome ? result : protocol::to_json(outcome.error()),
        .reason = settlement->reason(),
        .settled_at = self->services_.clock.now(),
        .dated = self->services_.clock.kraken_now().has_value(),
        .ids = outcome ? kraken::made_ids(*outcome) : "",
        .said_by = settlement->said_by(),
    });
    if (!written) {
        log(LogLevel::error,
            "intent.end_not_written",
            {{"call_id", settlement->intent().id}, {"why", written.error().message}});
    }
    co_return written;
}

std::shared_ptr<Settlement> Placements::find(const std::string& id) const {
    const auto found = open_.find(id);
    return found == open_.end() ? nullptr : found->second;
}

awaitable<Result<void>> Placements::settle(std::string id, PersonsWord word) {
    const auto self = shared_from_this();
    const auto settlement = find(id);
    if (!settlement || !settlement->is_lost() || settlement->is_settled_for_good())
        co_return fail(
            ErrorCode::invalid_params, "no call of this id waits to be settled; see: krakkenctl intent list"
        );
    const IntentState state = word.state;
    Error outcome = by_a_person(state == IntentState::placed, word.reason);
    settlement->settle_by_person(std::move(word), std::move(outcome));
    log(LogLevel::warn,
        "settle.by_person",
        {{"call_id", id}, {"account", account_.text()}, {"outcome", state::name(state)}});
    const auto written = co_await write_end(self, settlement);
    if (written) open_.erase(id);
    recovering_.erase(id);
    recovered_.happened();
    co_return written;
}

std::size_t Placements::settling() const {
    return static_cast<std::size_t>(std::ranges::count_if(open_, [](const auto& entry) {
        return entry.second->is_lost() && !entry.second->is_settled();
    }));
}

std::size_t Placements::orders_in_doubt(const std::string& identity) const {
    std::size_t orders = 0;
    for (const auto& [id, settlement] : open_) {
        const bool is_in_doubt =
            !settlement->is_settled_for_good() && settlement->intent().client == identity;
        if (is_in_doubt && settlement->sought().kind == Sought::Kind::orders)
            orders += settlement->sought().rows.size();
    }
    return orders;
}

bool Placements::is_settling() const {
    return settling() > 0 || std::ranges::any_of(open_, [](const auto& entry) {
               return entry.second->state() == IntentState::placed && entry.second->is_to_be_canceled();
           });
}

bool Placements::needs(const base::KeyId& key) const {
    return std::ranges::any_of(open_, [&key](const auto& entry) {
        return entry.second->intent().key == key && !entry.second->is_settled();
    });
}

awaitable<void> Placements::settle_those_of(base::KeyId key, steady_clock::time_point deadline) {
    const auto self = shared_from_this();
    const auto looked_for = [](const Settlement& each) { return each.is_looked_for(); };
    while (steady_clock::now() < deadline) {
        const auto settlement = open_one_of(key, looked_for);
        if (!settlement) co_return;
        co_await settlement->wait_for_change(deadline);
    }
}

awaitable<void> Placements::end_of_those_sent(base::KeyId key, steady_clock::time_point deadline) {
    const auto self = shared_from_this();
    const auto lost = [](const Settlement& each) { return each.is_lost(); };
    const auto any = [](const Settlement&) { return true; };
    while (steady_clock::now() < deadline && !open_one_of(key, lost)) {
        const auto settlement = open_one_of(key, any);
        if (!settlement) co_return;
        co_await settlement->wait_for_change(deadline);
    }
}

// Which is not settled, and `is_it`; null where none is.
std::shared_ptr<Settlement> Placements::open_one_of(
    const base::KeyId& key, bool (*is_it)(const Settlement& settlement)
) const {
    const auto found = std::ranges::find_if(open_, [&](const auto& entry) {
        const Settlement& each = *entry.second;
        return each.intent().key == key && !each.is_settled() && is_it(each);
    });
    return found == open_.end() ? nullptr : found->second;
}

void Placements::remember(const std::string& result) {
    for (const auto id : std::views::split(kraken::made_ids(result), ',')) {
        std::string text(id.begin(), id.end());
        if (!text.empty()) known_.add(std::move(text));
    }
}

Claims Placements::claims_beside(const Settlement& settlement) const {
    Claims claims{&known_, {}};
    for (const auto& [id, other] : open_) {
        if (other.get() == &settlement || other->is_settled_for_good()) continue;
        for (const SoughtOrder& row : other->sought().rows)
            claims.contested.push_back(row.tag);
    }
    return claims;
}

}  // namespace krakken::account
