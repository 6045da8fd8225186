#include "account/settlement.hpp"

#include "kraken/refusal.hpp"
#include "look_up.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <charconv>
#include <utility>

namespace krakken::account {

using protocol::Error;
using protocol::ErrorCode;
using state::IntentState;
using std::chrono::steady_clock;

namespace {

// GetApiKeyInfo's nonceWindow: 0 for none. Empty: it does not say.
std::optional<std::uint64_t> window_of(std::string_view key_info) {
    const auto members = protocol::split_object(key_info, protocol::max_reply_depth);
    const auto* member = members ? protocol::find(*members, "nonceWindow") : nullptr;
    if (!member) return std::nullopt;
    const std::string digits = kraken::plain_text(member->value);
    std::uint64_t window = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), window);
    if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return window;
}

// The key sees what happened since then: its queries are not limited to other times.
bool sees_since(std::string_view key_info, const std::optional<base::Time>& sent_at) {
    const auto members = protocol::split_object(key_info, protocol::max_reply_depth);
    const auto limit = [&](std::string_view name) {
        const auto* member = members ? protocol::find(*members, name) : nullptr;
        const std::string text = member ? kraken::plain_text(member->value) : "";
        return text == "null" || text == "0" ? "" : text;
    };
    if (!limit("queryTo").empty()) return false;
    const std::string from = limit("queryFrom");
    if (from.empty()) return true;
    std::int64_t seconds = 0;
    const auto [end, problem] = std::from_chars(from.data(), from.data() + from.size(), seconds);
    return problem == std::errc() && end == from.data() + from.size() && sent_at &&
           base::Time(std::chrono::seconds(seconds)) < *sent_at;
}

// The keys are not there now; with them the same question may be answered.
bool is_without_keys(const Error& error) {
    return error.code == ErrorCode::locked || error.code == ErrorCode::stopping;
}

// Asking again brings the same answer.
bool is_denied(const Error& error) {
    return error.code == ErrorCode::permission || error.code == ErrorCode::unknown_account;
}

// What the daemon refuses for its own idea of Kraken's limits costs nothing there, and needs no longer pause.
bool is_too_much_for_kraken(const Error& error) {
    return error.code == ErrorCode::rate_limit && error.origin == protocol::Origin::kraken;
}

bool asks(const Settling::Step& step) {
    return std::holds_alternative<Settling::AskTime>(step) ||
           std::holds_alternative<Settling::AskFence>(step) || std::holds_alternative<Settling::LookUp>(step);
}

Moment moment(const kraken::ServerClock& clock) {
    return {clock.elapsed(), clock.kraken_now()};
}

Error not_placed() {
    Error error = protocol::make_error(
        ErrorCode::network,
        "the answer was lost, and the call was not executed: Kraken has answered a later call of the key, "
        "the "
        "deadline is past, and nothing of it is to be seen"
    );
    error.retryable = true;
    return error;
}

}  // namespace

awaitable<void> Settlement::wait(steady_clock::time_point deadline) {
    ++waiting_;
    while (!is_settled() && looked_for_ && steady_clock::now() < deadline)
        co_await changed_.wait_until(deadline);
    --waiting_;
}

void Settlement::settle(IntentState state, Result<std::string> outcome) {
    if (is_settled()) return;
    state_ = state;
    outcome_ = std::move(outcome);
    settled_at_ = steady_clock::now();
    changed_.happened();
}

void Settlement::settle_by_person(PersonsWord word, Error outcome) {
    if (is_settled_for_good()) return;
    state_ = IntentState::sent;  // a person may know what could not be found out
    intent_.reason = std::move(word.reason);
    said_by_ = std::move(word.said_by);
    settle(word.state, std::unexpected(std::move(outcome)));
}

void Settlement::look_ends() {
    looked_for_ = false;
    changed_.happened();
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
    error.executed = executed ? protocol::Executed::yes : protocol::Executed::no;
    error.retryable = !executed;
    return error;
}

std::optional<Result<std::string>> outcome_of(const state::Intent& intent) {
    const bool is_placed = intent.state == IntentState::placed;
    if (!is_placed && intent.state != IntentState::not_placed) return std::nullopt;
    if (!intent.reason.empty()) return std::unexpected(by_a_person(is_placed, intent.reason));
    if (is_placed) return intent.outcome;
    return std::unexpected(not_placed());
}

Error unknown_outcome(const Settlement& settlement, std::string sentence, bool settling) {
    Error error = protocol::make_error(ErrorCode::outcome_unknown, std::move(sentence));
    kraken::leave_outcome_open(error, settlement.endpoint());
    const state::Intent& intent = settlement.intent();
    error.details["intent"] = intent.id;
    error.details["sent_at"] = base::rfc3339(intent.sent_at);
    error.details["settling"] = settling;
    if (const std::string tag = settlement.sought().tag_text(); !tag.empty())
        error.details["tag"] = boost::json::parse(tag);
    if (settling) error.remedy = fmt::format("do not repeat it; run: krakkenctl intent wait {}", intent.id);
    return error;
}

awaitable<SettlingEnd> Settlement::look(
    std::shared_ptr<Settlement> self,
    kraken::Api& api,
    kraken::ServerClock& clock,
    AskKraken ask,
    OtherCalls others,
    Settling::Patience patience,
    LookTurns& turns
) {
    // Afresh: a deadline is past when it is so at Kraken, whose clock may not be what it was.
    co_await api.ask_time(clock);
    Settling machine(self->sought_, moment(clock), patience);
    while (!self->is_settled()) {
        std::optional<LookTurns::Turn> turn;
        Settling::Step step = machine.next(moment(clock));
        if (asks(step)) {
            const auto came = clock.elapsed();
            turn = co_await turns.enter();
            if (!turn) co_return SettlingEnd::interrupted;
            if (self->is_settled()) break;
            machine.waited_for_its_turn(clock.elapsed() - came);
            step = machine.next(moment(clock));
        }
        if (const auto* wait = std::get_if<Settling::Wait>(&step)) {
            const bool going_on = co_await api.pause(wait->pause);
            if (!going_on) co_return SettlingEnd::interrupted;
            machine.waited();
        } else if (std::holds_alternative<Settling::AskTime>(step)) {
            co_await api.ask_time(clock);
            machine.time_asked();
        } else if (std::holds_alternative<Settling::AskFence>(step)) {
            const auto answer = co_await ask(
                *protocol::find_endpoint("GetApiKeyInfo"), *kraken::Parameters::parse(""), self->intent_.key
            );
            if (answer) {
                machine.fenced(window_of(*answer), sees_since(*answer, self->sought_.sent_at));
            } else if (is_without_keys(answer.error())) {
                co_return SettlingEnd::interrupted;
            } else if (is_denied(answer.error()) || answer.error().code == ErrorCode::auth) {
                machine.no_fence();
            } else if (is_too_much_for_kraken(answer.error())) {
                turns.refused();
                machine.look_failed(moment(clock), false);  // the look would be refused as well
            } else {
                machine.fence_failed();
            }
        } else if (const auto* look = std::get_if<Settling::LookUp>(&step)) {
            const Moment begun = moment(clock);
            Looked looked = co_await look_up(self->sought_, look->decides, ask, others);
            if (!looked.failure) {
                turns.answered();
                machine.looked(begun, std::move(looked.findings), moment(clock));
            } else if (is_without_keys(*looked.failure)) {
                co_return SettlingEnd::interrupted;
            } else {
                if (is_too_much_for_kraken(*looked.failure)) turns.refused();
                machine.look_failed(moment(clock), is_denied(*looked.failure));
            }
        } else if (const auto* placed = std::get_if<Settling::Placed>(&step)) {
            self->findings_ = placed->findings;
            self->settle(IntentState::placed, result_of(self->endpoint_, placed->findings));
        } else if (std::holds_alternative<Settling::NotPlaced>(step)) {
            self->settle(IntentState::not_placed, std::unexpected(not_placed()));
        } else {
            const auto& unknown = std::get<Settling::Unknown>(step);
            self->findings_ = unknown.findings;
            const std::string sentence = "the call was sent and its answer was lost; " + unknown.why;
            self->settle(IntentState::unknown, std::unexpected(unknown_outcome(*self, sentence, false)));
        }
    }
    co_return SettlingEnd::settled;
}

}  // namespace krakken::account
