#include "account/lane.hpp"

#include "account/unsent.hpp"
#include "kraken/refusal.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <string_view>
#include <utility>

namespace krakken::account {

using kraken::Attempt;
using protocol::Error;
using protocol::ErrorCode;
using std::chrono::steady_clock;

namespace {

enum class NonceFate { taken, refused, open };

// Kraken looks at what a call asks for only when it knows who asks, so a refusal of an order, query or
// argument shows that the nonce was taken. Every other error only shows that Kraken answered: it may have
// been found before the nonce was looked at (route, key, signature, limits, maintenance), and permissions
// may be.
NonceFate fate_of_nonce(const Attempt& attempt) {
    if (attempt.end != Attempt::End::answered) return NonceFate::open;
    constexpr auto behind_the_nonce = std::to_array<std::string_view>(
        {"EOrder:", "EQuery:", "ETrade:", "EFunding:", "EGeneral:Invalid arguments"}
    );
    const auto begins_with = [](const std::string& error) {
        return [&error](std::string_view text) { return error.starts_with(text); };
    };
    const auto& errors = attempt.answer.errors;
    if (std::ranges::any_of(errors, [](const auto& e) { return e.starts_with("EAPI:Invalid nonce"); }))
        return NonceFate::refused;
    const bool taken = std::ranges::all_of(errors, [&](const std::string& error) {
        return std::ranges::any_of(behind_the_nonce, begins_with(error));
    });
    return taken ? NonceFate::taken : NonceFate::open;
}

}  // namespace

Lane::Lane(Services services, base::KeyId key)
    : services_(std::move(services)),
      key_(std::move(key)),
      turns_(services_.executor, max_waiting),
      nonces_(std::make_shared<Nonces>(
          services_.executor, services_.store, services_.clock, key_, services_.refused_nonce_pause
      )) {}

std::optional<Lane::Turn> Lane::take_if_free() {
    if (!turns_.enter_if_free()) return std::nullopt;
    return Turn(shared_from_this());
}

awaitable<Result<Lane::Turn>> Lane::enter(steady_clock::time_point deadline) {
    auto self = shared_from_this();
    const auto entry = co_await turns_.enter(deadline);
    if (entry == Turns::Entry::full) co_return too_many_waiting();
    if (entry == Turns::Entry::too_late) co_return not_in_time();
    co_return Turn(std::move(self));
}

bool Lane::may_be_passed() const {
    const auto now = steady_clock::now();
    return !reading_ && !sweeping_ && passed_ < most_passed && now >= pass_from_ && written_at_ &&
           now >= *written_at_ + patience;
}

void Lane::make_way() {
    if (reading_) {
        given_up_ = true;
        give_up_.emit(boost::asio::cancellation_type::terminal);
    } else {
        ++passed_;
        leave(turn_);
    }
}

// A call that was passed has left already.
void Lane::leave(std::uint64_t turn) {
    if (turn != turn_) return;
    ++turn_;
    reading_ = false;
    written_at_.reset();
    turns_.leave();
    if (turns_.busy()) return;
    // Each time another first, as one key may serve under two names.
    if (watchers_.size() > 1) std::ranges::rotate(watchers_, watchers_.begin() + 1);
    for (Watcher* watcher : watchers_)
        watcher->lane_is_free();
}

awaitable<Result<Attempt>> Lane::send(Request request) {
    const auto turn = co_await enter(request.deadlines.turn);
    if (!turn) co_return std::unexpected(turn.error());
    auto attempt = co_await send(*turn, request);
    co_return attempt;
}

awaitable<Result<Attempt>> Lane::send(const Turn& turn, Request request) {
    if (steady_clock::now() >= request.deadlines.request) co_return not_in_time();
    if (services_.api.stopping()) co_return std::unexpected(protocol::stopping_error());
    if (auto refused = refusal(request.hold)) co_return std::unexpected(std::move(*refused));
    Place* const place = request.place;
    Acts& acts = *this->acts();
    const std::uint64_t& sent =
        place && place->behind == Place::Behind::placements ? acts.placed : acts.acted;
    if (place && place->kept && *place->kept != sent) co_return acted_since();
    const protocol::Effect effect = request.endpoint.effect;
    const bool acts_now = effect != protocol::Effect::read && effect != protocol::Effect::token;
    if (acts_now && request.counts) ++acts.acted;
    if (effect == protocol::Effect::place) ++acts.placed;
    if (place) place->kept = sent;
    reading_ = effect == protocol::Effect::read;
    given_up_ = false;
    sweeping_ = place && place->behind == Place::Behind::whatever_acts;
    if (services_.clock.take_ask()) ask_time_in_background();
    auto attempt = co_await send_in_turn(request, turn.number_);
    co_return attempt;
}

void Lane::share_acts(Lane& other) {
    const auto ours = acts();
    const auto theirs = other.acts();
    if (ours == theirs) return;
    ours->acted = std::max(ours->acted, theirs->acted) + 1;
    ours->placed = std::max(ours->placed, theirs->placed) + 1;
    theirs->joined = ours;
}

std::shared_ptr<Acts>& Lane::acts() {
    while (acts_->joined)
        acts_ = acts_->joined;
    return acts_;
}

bool Lane::silent() const {
    const auto until = services_.api.silent_until();
    return until && services_.clock.elapsed() < *until;
}

std::optional<Error> Lane::lockout() const {
    if (!silent()) return std::nullopt;
    Error error = protocol::make_error(
        ErrorCode::lockout, "Kraken has locked this address out, so nothing is sent until that is over"
    );
    error.retryable = true;
    error.remedy = "wait until data.until";
    tell_end(error, *services_.api.silent_until() - services_.clock.elapsed());
    return error;
}

void Lane::locked_out(Error& error) {
    if (error.origin != protocol::Origin::kraken) return;  // our own refusal during one does not prolong it
    // Kraken publishes "a few minutes" and "about 15 minutes"; a call too early begins it anew.
    constexpr std::chrono::minutes lockout{15};
    services_.api.silence_until(services_.clock.elapsed() + lockout);
    tell_end(error, lockout);
}

void Lane::tell_end(Error& error, std::chrono::microseconds remaining) const {
    error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(remaining);
    error.details["until"] = base::rfc3339(services_.clock.now() + remaining);
}

// Here, so that a daemon whose clients are silent asks nothing. At most one at a time: an answer is waited
// for no longer than 10 s, and asked for once a minute.
void Lane::ask_time_in_background() {
    const auto done = [](std::exception_ptr bug, bool) {
        if (bug) std::rethrow_exception(bug);
    };
    boost::asio::co_spawn(services_.executor, services_.api.ask_time(services_.clock), done);
}

awaitable<Result<Attempt>> Lane::send_in_turn(const Request& request, std::uint64_t turn) {
    while (true) {
        auto attempt = co_await send_now(request, turn);
        if (!attempt) co_return attempt;
        const bool again =
            co_await wait_for_another_try(request.endpoint, *attempt, request.deadlines.request);
        if (!again || refusal(request.hold)) co_return attempt;
    }
}

// A call that acts once is never sent again, but what Kraken said to it counts.
awaitable<bool> Lane::wait_for_another_try(
    const protocol::Endpoint& endpoint, const Attempt& attempt, steady_clock::time_point deadline
) {
    const NonceFate fate = fate_of_nonce(attempt);
    if (fate == NonceFate::taken) nonces_->accepted();
    if (fate != NonceFate::refused) co_return false;
    const auto pause = nonces_->refused();
    if (!pause || kraken::acts_once(endpoint)) co_return false;
    if (steady_clock::now() + *pause >= deadline) co_return false;
    const bool going_on = co_await services_.api.pause(*pause);
    co_return going_on;
}

awaitable<Result<Attempt>> Lane::send_now(const Request& request, std::uint64_t turn) {
    const auto nonce = co_await nonces_->next(request.deadlines.request);
    if (!nonce) co_return std::unexpected(nonce.error());
    if (request.sent) *request.sent = Sent{key_, *nonce};
    if (!request.prepare) {
        auto attempt = co_await sign_and_send(request, request.parameters, *nonce, turn);
        co_return attempt;
    }
    const auto prepared = co_await request.prepare->finish(key_, *nonce);
    if (!prepared) co_return std::unexpected(prepared.error());
    auto attempt = co_await sign_and_send(request, *prepared, *nonce, turn);
    co_return attempt;
}

awaitable<Result<Attempt>> Lane::sign_and_send(
    const Request& request, const kraken::Parameters& parameters, base::Nonce nonce, std::uint64_t turn
) {
    auto signed_request = co_await services_.keeper.sign(
        key_, protocol::path_of(request.endpoint), nonce, parameters.body(nonce), parameters.form()
    );
    if (!signed_request) co_return std::unexpected(std::move(signed_request.error()));
    Attempt attempt;
    attempt.given_up = given_up_;
    if (attempt.given_up) co_return attempt;
    if (request.prepare) {
        const auto committed = co_await request.prepare->commit();
        if (!committed) co_return std::unexpected(committed.error());
    }
    // A read is given up and never passed, so nobody asks when its bytes were out.
    std::function<void()> on_written;
    if (!reading_) {
        on_written = [lane = weak_from_this(), turn] {
            const auto self = lane.lock();
            if (self && self->turn_ == turn) self->written_at_ = steady_clock::now();
        };
    }
    kraken::SignedCall call{
        std::move(signed_request->api_key),
        std::move(signed_request->signature),
        std::move(signed_request->body),
        parameters.form(),
        reading_ ? give_up_.slot() : boost::asio::cancellation_slot(),
        std::move(on_written)
    };
    rest_.begin(request.endpoint);
    attempt =
        co_await services_.api.call_private(request.endpoint, std::move(call), request.deadlines.request);
    rest_.end(request.endpoint, attempt, services_.clock.elapsed(), services_.clock.now());
    if (turn == turn_) {
        written_at_.reset();
    } else {
        after_passing(request.endpoint, attempt);
    }
    co_return attempt;
}

// What was passed and refused for its nonce has come behind what passed it, which says nothing of the key:
// what acts once is lost, anything else is made again.
void Lane::after_passing(const protocol::Endpoint& endpoint, Attempt& attempt) {
    --passed_;
    if (fate_of_nonce(attempt) != NonceFate::refused) return;
    // Too many refused nonces bring a ban of minutes.
    constexpr std::chrono::seconds pause{10};
    pass_from_ = steady_clock::now() + pause;
    attempt = {};
    if (kraken::acts_once(endpoint)) {
        attempt.end = Attempt::End::lost;
        attempt.detail = "it took so long that a cancel went before it";
    } else {
        attempt.given_up = true;
    }
}

awaitable<Result<std::uint64_t>> Lane::import(std::uint64_t floor, steady_clock::time_point deadline) {
    const auto turn = co_await enter(deadline);
    if (!turn) co_return std::unexpected(turn.error());
    auto last = co_await nonces_->import(floor, deadline);
    co_return last;
}

}  // namespace krakken::account
