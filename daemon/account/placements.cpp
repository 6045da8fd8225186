#include "account/placements.hpp"

#include "account/unsent.hpp"
#include "base/log.hpp"
#include "kraken/made_ids.hpp"
#include "kraken/refusal.hpp"
#include "protocol/json_text.hpp"

#include <sodium.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
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

// The same call has the same hash, whatever the order of its members and however long it may take.
std::string hash_of(const Call& call) {
    std::vector<kraken::Parameters::Field> fields = call.parameters.fields();
    std::ranges::sort(fields, {}, &kraken::Parameters::Field::name);
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, crypto_generichash_BYTES);
    // Each text with its end, so that no two lists of texts look alike.
    const auto add = [&state](std::string_view text) {
        const std::string ended = fmt::format("{}:{},", text.size(), text);
        crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(ended.data()), ended.size());
    };
    add(call.endpoint->name);
    for (const auto& [name, raw] : fields) {
        add(name);
        add(raw);
    }
    std::array<unsigned char, crypto_generichash_BYTES> hash;
    crypto_generichash_final(&state, hash.data(), hash.size());
    return fmt::format("{:02x}", fmt::join(hash, ""));
}

// An order that is only checked is never executed, whatever becomes of the answer.
bool only_validates(const protocol::Endpoint& endpoint, const kraken::Parameters& parameters) {
    constexpr auto takers =
        std::to_array<std::string_view>({"AddOrder", "AddOrderBatch", "EditOrder", "AddStrategy"});
    if (std::ranges::find(takers, endpoint.name) == takers.end()) return false;
    const std::string* validate = parameters.find("validate");
    return validate && kraken::plain_text(*validate) == "true";
}

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

Error other_arguments() {
    return protocol::make_error(
               ErrorCode::idempotency,
               "this idempotency_key was first used with other arguments; nothing was sent"
    )
        .with_remedy("use a new key for a new call, and the old one only to repeat the same call");
}

Error by_a_person(bool executed, const std::string& reason) {
    Error error = protocol::make_error(
        executed ? ErrorCode::outcome_unknown : ErrorCode::network,
        fmt::format(
            "the answer was lost, and a person has settled that the call was {}executed: {}",
            executed ? "" : "not ",
            reason
        )
    );
    error.executed = executed ? Executed::yes : Executed::no;
    error.retryable = !executed;
    return error;
}

}  // namespace

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
      recovered_(services_.executor) {}

awaitable<Result<std::string>> Placements::place(Call call, SendOnce send) {
    const auto self = shared_from_this();
    const auto ahead = ahead_.insert(ahead_.end(), {call.caller.client()});
    const std::string hash = call.idempotency_key.empty() ? "" : hash_of(call);
    auto outcome = call.idempotency_key.empty() ? co_await place_once(call, send, hash, *ahead)
                                                : co_await place_under_key(call, send, hash, *ahead);
    ahead_.erase(ahead);
    co_return outcome;
}

void Placements::drop_unsent(const base::Client& client) {
    for (Ahead& each : ahead_)
        if (each.client == client) each.dropped = true;
}

awaitable<Result<std::string>> Placements::place_under_key(
    const Call& call, const SendOnce& send, const std::string& hash, const Ahead& ahead
) {
    const Key key{call.caller.identity(), call.idempotency_key};
    for (auto under_way = shared_.find(key); under_way != shared_.end(); under_way = shared_.find(key)) {
        if (under_way->second->arguments_hash != hash) co_return std::unexpected(other_arguments());
        auto outcome = co_await join(under_way->second, call);
        // The other caller's time may be over sooner than this one's.
        const bool open = !outcome && outcome.error().executed == Executed::unknown;
        if (!open || steady_clock::now() >= call.deadline) co_return outcome;
    }
    // Before the first wait, so that a second call of this key finds it.
    const auto shared = std::make_shared<Shared>(services_.executor, hash);
    shared_.emplace(key, shared);
    struct Leave {
        Leave(std::map<Key, std::shared_ptr<Shared>>& all, const Key& of) : shared(all), key(of) {}
        Leave(const Leave&) = delete;
        Leave& operator=(const Leave&) = delete;
        ~Leave() {
            shared.at(key)->changed.happened();
            shared.erase(key);
        }
        std::map<Key, std::shared_ptr<Shared>>& shared;
        const Key& key;
    };
    const Leave leave(shared_, key);

    auto earlier = co_await services_.store.intent_of(key.first, account_, key.second);
    if (!earlier) {
        shared->outcome = std::unexpected(std::move(earlier.error()));
    } else if (*earlier) {
        shared->outcome = known_outcome(**earlier, call);
        if (!shared->outcome) shared->outcome = co_await recall(std::move(**earlier), call);
    } else {
        shared->outcome = co_await place_once(call, send, hash, ahead);
    }
    co_return *shared->outcome;
}

awaitable<Result<std::string>> Placements::join(std::shared_ptr<Shared> shared, const Call& call) {
    while (!shared->outcome && steady_clock::now() < call.deadline)
        co_await shared->changed.wait_until(call.deadline);
    if (shared->outcome) co_return *shared->outcome;
    Error error = protocol::make_error(
        ErrorCode::outcome_unknown, "the first call of this idempotency_key is still under way"
    );
    kraken::leave_outcome_open(error, *call.endpoint);
    error.details["settling"] = true;
    error.remedy = "repeat it with the same idempotency_key: it is not sent twice";
    co_return std::unexpected(std::move(error));
}

std::optional<Result<std::string>> Placements::known_outcome(const state::Intent& intent, const Call& call) {
    if (intent.arguments_hash != hash_of(call)) return std::unexpected(other_arguments());
    if (intent.state != IntentState::placed) return std::nullopt;
    if (!intent.reason.empty()) return std::unexpected(by_a_person(true, intent.reason));
    return intent.outcome;
}

// Finds out what an earlier call of the same key, perhaps of an earlier run, has come to.
awaitable<Result<std::string>> Placements::recall(state::Intent intent, const Call& call) {
    const std::string id = intent.id;
    auto settlement = find(id);
    if (!settlement || settlement->is_settled()) {
        // Nobody knows so far: look once more.
        const auto sought = parse_sought(intent.sought).value_or(Sought{});
        settlement =
            std::make_shared<Settlement>(std::move(intent), *call.endpoint, sought, services_.executor);
        settlement->lose();
        open_[id] = settlement;
    }
    if (settlement->is_lost() && !settlement->is_looked_for()) find_out(settlement);
    auto outcome = co_await await_end(settlement, call);
    co_return outcome;
}

awaitable<Result<std::string>> Placements::place_once(
    const Call& call, const SendOnce& send, const std::string& hash, const Ahead& ahead
) {
    const auto recovered = co_await await_recovery(call);
    if (!recovered) co_return std::unexpected(recovered.error());
    if (ahead.dropped) co_return cancelled_all();
    // What is only checked leaves nothing behind that would have to be found.
    const bool validates = only_validates(*call.endpoint, call.parameters);
    Tagged call_to_make =
        tagged(*call.endpoint, call.parameters, validates ? TagChoice::none : settings_.tag);
    if (validates) call_to_make.sought.kind = Sought::Kind::validation;
    std::shared_ptr<Settlement> settlement;
    const Lane::Prepare prepare{
        [&](base::KeyId key, base::Nonce nonce) {
            return finish(call, hash, call_to_make, settlement, std::move(key), nonce);
        },
        [&] { return commit(settlement); },
    };
    auto outcome = co_await send(call, prepare);
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
    open_.erase(settlement->intent().id);
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
        .sent_at = services_.clock.now(),
    };
    settlement = std::make_shared<Settlement>(
        std::move(intent), *call.endpoint, std::move(call_to_make.sought), services_.executor
    );
    co_return std::move(call_to_make.parameters);
}

awaitable<Result<void>> Placements::commit(const std::shared_ptr<Settlement>& settlement) {
    const auto written = co_await services_.store.open_intent(settlement->intent());
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
    if (settlement->is_settled()) co_return settlement->outcome();
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
        return;
    }
    if (settlement->sought().kind == Sought::Kind::validation) {
        settlement->settle(IntentState::not_placed, std::unexpected(never_executed()));
        open_.erase(intent.id);
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
    const SettlingEnd end = co_await Settlement::look(
        settlement,
        self->services_.api,
        self->services_.clock,
        self->ask_,
        [self, settlement] { return self->claims_beside(*settlement); },
        patience
    );
    settlement->look_ends();
    // A person may have settled it while the last question was on its way.
    if (end == SettlingEnd::interrupted && !settlement->is_settled()) {
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
    if (settlement->state() != IntentState::unknown) self->open_.erase(id);
    self->recovering_.erase(id);
    self->recovered_.happened();
    const bool done = co_await self->cancel_found(*settlement);
    // Else the next run finds it again, and cancels it then.
    if (done) co_await write_end(self, settlement);
}

// A CancelAll that came before the order showed would have canceled it. False: the daemon stops before it is.
awaitable<bool> Placements::cancel_found(const Settlement& settlement) {
    if (settlement.state() != IntentState::placed || !settlement.is_to_be_canceled()) co_return true;
    for (const Finding& finding : settlement.findings()) {
        for (const Trace& trace : finding.traces) {
            if (!trace.living) continue;
            const bool done = co_await cancel(settlement.intent().id, trace.id);
            if (!done) co_return false;
        }
    }
    co_return true;
}

// Until Kraken has canceled it, or it is plain that Kraken will not.
awaitable<bool> Placements::cancel(std::string call_id, std::string txid) {
    const protocol::Endpoint& endpoint = *protocol::find_endpoint("CancelOrder");
    constexpr std::chrono::seconds longest_pause{30};
    std::chrono::seconds pause{1};
    while (true) {
        const auto canceled = co_await ask_(
            endpoint, *kraken::Parameters::parse(R"({"txid":)" + protocol::quote(txid) + "}"), std::nullopt
        );
        const std::string_view outcome = canceled ? "ok" : protocol::category(canceled.error().code);
        const bool sent = canceled || canceled.error().origin == protocol::Origin::kraken ||
                          canceled.error().executed == Executed::unknown;
        if (sent) {
            services_.store.record(
                {.at = services_.clock.now(),
                 .caller = {.program = "krakkend"},
                 .what = std::string(endpoint.name),
                 .account = account_.text(),
                 .call_id = call_id,
                 .ids = txid,
                 .outcome = std::string(outcome)}
            );
        }
        const auto refused_with = [&canceled](ErrorCode code) {
            return !canceled && canceled.error().code == code;
        };
        const bool over = canceled || refused_with(ErrorCode::order);
        const bool hopeless = refused_with(ErrorCode::permission) || refused_with(ErrorCode::unknown_account);
        if (over || hopeless || pause == std::chrono::seconds(1)) {
            log(over ? LogLevel::warn : LogLevel::error,
                "settle.canceled",
                {{"call_id", call_id}, {"txid", txid}, {"outcome", outcome}});
        }
        if (over || hopeless) co_return true;
        const bool going_on = co_await services_.api.pause(pause);
        if (!going_on) co_return false;
        pause = std::min(pause * 2, longest_pause);
    }
}

void Placements::end_in_background(const std::shared_ptr<Settlement>& settlement) {
    const auto done = [](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
    };
    boost::asio::co_spawn(services_.executor, write_end(shared_from_this(), settlement), done);
}

// Its caller knows already; should this not reach the disk, the next run finds it out anew.
awaitable<void> Placements::write_end(
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
        .ids = outcome ? kraken::made_ids(*outcome) : "",
        .said_by = settlement->said_by(),
    });
    if (!written) {
        log(LogLevel::error,
            "intent.end_not_written",
            {{"call_id", settlement->intent().id}, {"why", written.error().message}});
    }
}

awaitable<std::vector<std::string>> Placements::cancel_what_shows() {
    std::vector<std::string> ids;
    for (const auto& [id, settlement] : open_) {
        if (settlement->is_settled() || settlement->is_to_be_canceled()) continue;
        settlement->cancel_when_found(true);
        ids.push_back(id);
    }
    co_await write_cancel_when_found(ids, true);
    co_return ids;
}

awaitable<void> Placements::spare(std::vector<std::string> ids) {
    const auto self = shared_from_this();
    for (const std::string& id : ids)
        if (const auto settlement = find(id)) settlement->cancel_when_found(false);
    co_await write_cancel_when_found(std::move(ids), false);
}

// A disk that fails must not keep a cancel from being sent.
awaitable<void> Placements::write_cancel_when_found(std::vector<std::string> ids, bool wanted) {
    if (ids.empty()) co_return;
    const auto written = co_await services_.store.cancel_when_found(std::move(ids), wanted);
    if (!written) log(LogLevel::error, "intent.cancel_not_written", {{"why", written.error().message}});
}

std::shared_ptr<Settlement> Placements::find(const std::string& id) const {
    const auto found = open_.find(id);
    return found == open_.end() ? nullptr : found->second;
}

awaitable<Result<void>> Placements::settle(std::string id, PersonsWord word) {
    const auto self = shared_from_this();
    const auto settlement = find(id);
    if (!settlement || !settlement->is_lost())
        co_return fail(
            ErrorCode::invalid_params, "no call of this id waits to be settled; see: krakkenctl intent list"
        );
    const IntentState state = word.state;
    Error outcome = by_a_person(state == IntentState::placed, word.reason);
    settlement->settle_by_person(std::move(word), std::move(outcome));
    log(LogLevel::warn,
        "settle.by_person",
        {{"call_id", id}, {"account", account_.text()}, {"outcome", state::name(state)}});
    const bool looked_for = settlement->is_looked_for();
    if (looked_for) co_return Result<void>();  // who looks sees it and writes it down
    open_.erase(id);
    co_await write_end(self, settlement);
    recovering_.erase(id);
    recovered_.happened();
    co_return Result<void>();
}

std::size_t Placements::settling() const {
    return static_cast<std::size_t>(std::ranges::count_if(open_, [](const auto& entry) {
        return entry.second->is_lost() && !entry.second->is_settled();
    }));
}

bool Placements::needs(const base::KeyId& key) const {
    return std::ranges::any_of(open_, [&key](const auto& entry) {
        return entry.second->intent().key == key && !entry.second->is_settled();
    });
}

awaitable<void> Placements::settle_those_of(base::KeyId key, steady_clock::time_point deadline) {
    const auto self = shared_from_this();
    const auto is_waited_for = [&key](const auto& entry) {
        const Settlement& each = *entry.second;
        return each.intent().key == key && each.is_looked_for() && !each.is_settled();
    };
    while (steady_clock::now() < deadline) {
        const auto found = std::ranges::find_if(open_, is_waited_for);
        if (found == open_.end()) co_return;
        const std::shared_ptr<Settlement> settlement = found->second;
        co_await settlement->wait(deadline);
    }
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
        if (other.get() == &settlement) continue;
        for (const SoughtOrder& row : other->sought().rows)
            claims.contested.push_back(row.tag);
    }
    return claims;
}

}  // namespace krakken::account
