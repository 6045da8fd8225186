#include "account/retry.hpp"

#include "kraken/refusal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <utility>

namespace krakken::account {

using kraken::Attempt;
using protocol::Error;
using protocol::ErrorCode;
using protocol::Executed;

namespace {

// Kraken refuses with an empty result or none. One that holds something (a txid) says that something was
// done.
bool contradicts_itself(const kraken::Answer& answer) {
    if (answer.errors.empty()) return false;
    std::string result = answer.result;
    std::erase(result, ' ');
    return !result.empty() && result != "null" && result != "{}" && result != "[]";
}

// May this copy have done something, and nobody knows?
bool leaves_doubt(const Attempt& attempt, const protocol::Endpoint& endpoint) {
    if (endpoint.effect == protocol::Effect::read || endpoint.effect == protocol::Effect::token) return false;
    if (attempt.end == Attempt::End::answered) return kraken::leaves_open(attempt.answer.errors);
    return attempt.end == Attempt::End::lost;
}

}  // namespace

Retry::Verdict Retry::on(Attempt attempt, double jitter, base::Time now) {
    ++attempts_;
    const bool earlier_in_doubt = in_doubt_;
    if (leaves_doubt(attempt, endpoint_)) in_doubt_ = true;
    Verdict verdict = judge(std::move(attempt), jitter, now);
    if (in_doubt_) leave_in_doubt(verdict, earlier_in_doubt);
    return verdict;
}

Retry::Verdict Retry::judge(Attempt attempt, double jitter, base::Time now) {
    if (contradicts_itself(attempt.answer) && kraken::acts_once(endpoint_)) {
        attempt.end = Attempt::End::lost;
        attempt.detail = fmt::format("a result beside the error {}", fmt::join(attempt.answer.errors, ", "));
    }
    if (attempt.end != Attempt::End::answered) return on_no_answer(attempt, jitter);
    if (!attempt.answer.errors.empty()) return on_refusal(std::move(attempt.answer), jitter, now);
    return Done{std::move(attempt.answer.result), std::move(attempt.answer.warnings)};
}

// A cancel whose first copy got no answer, or "unavailable", may have been executed by it: a later "unknown
// order" is no proof that nothing happened.
void Retry::leave_in_doubt(Verdict& verdict, bool earlier_in_doubt) {
    Error* error = nullptr;
    if (auto* again = std::get_if<Again>(&verdict)) error = &again->error;
    if (auto* given_up = std::get_if<GiveUp>(&verdict)) error = &given_up->error;
    if (!error) return;
    error->executed = Executed::unknown;
    error->retryable = false;
    // What Kraken says of the repeat (an order that is not there, say) may be what the first copy has done.
    if (!earlier_in_doubt || error->origin != protocol::Origin::kraken) return;
    error->message = "an earlier copy of the call may have been executed; of its repeat: " + error->message;
    error->remedy = "look the order up; a cancel by txid may be sent again";
}

Retry::Verdict Retry::on_refusal(kraken::Answer answer, double jitter, base::Time now) {
    Error error = kraken::classify(std::move(answer.errors), endpoint_, now);
    if (error.executed == Executed::unknown) return GiveUp{std::move(error)};
    switch (error.code) {
        case ErrorCode::nonce:
            if (std::exchange(nonce_refused_, true)) return GiveUp{std::move(error)};
            return Again{std::chrono::milliseconds(0), std::move(error)};
        case ErrorCode::service:
        case ErrorCode::rate_limit:
            return again_or_give_up(std::move(error), jitter);
        default:
            return GiveUp{std::move(error)};
    }
}

Retry::Verdict Retry::on_no_answer(const Attempt& attempt, double jitter) {
    // This copy or an earlier one: "nothing was sent" would be untrue.
    const bool sent = attempt.end == Attempt::End::lost || in_doubt_;
    if (sent && kraken::acts_once(endpoint_)) {
        Error error = protocol::make_error(
            ErrorCode::outcome_unknown, "the call was sent and no usable answer came (" + attempt.detail + ")"
        );
        kraken::leave_outcome_open(error, endpoint_);
        return GiveUp{std::move(error)};
    }
    if (!sent && attempt.too_late) {
        Error error = protocol::make_error(
            ErrorCode::timeout, "the call was not sent before its deadline (" + attempt.detail + ")"
        );
        error.retryable = true;
        return GiveUp{std::move(error)};
    }
    const bool too_many = attempt.too_many && endpoint_.effect == protocol::Effect::read;
    Error error = protocol::make_error(
        too_many ? ErrorCode::rate_limit : ErrorCode::network,
        (sent ? "no usable answer from Kraken (" : "Kraken cannot be reached; nothing was sent (") +
            attempt.detail + ")"
    );
    error.retryable = true;
    if (too_many) error.origin = protocol::Origin::kraken;
    return again_or_give_up(std::move(error), jitter);
}

Retry::Verdict Retry::again_or_give_up(Error error, double jitter) const {
    // A late price is a wrong price: a call that acts goes back to its caller, who knows whether it is still
    // wanted.
    if (!error.retryable || kraken::acts_once(endpoint_) || attempts_ >= settings_.max_attempts) {
        return GiveUp{std::move(error)};
    }
    if (error.retry_after) return Again{*error.retry_after, std::move(error)};
    const auto full =
        std::min(settings_.base_delay * (1U << std::min(attempts_ - 1, 16U)), settings_.max_delay);
    const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(full * (0.5 + jitter / 2));
    return Again{pause, std::move(error)};
}

}  // namespace krakken::account
