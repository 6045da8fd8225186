#include "account/lane.hpp"

#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

namespace krakken::account {

using base::log;
using base::LogLevel;
using kraken::Attempt;
using protocol::Error;
using protocol::ErrorCode;
using protocol::fail;
using std::chrono::steady_clock;

namespace {

std::unexpected<Error> not_in_time() {
    Error error = protocol::make_error(ErrorCode::timeout, "the call was not sent before its deadline");
    error.retryable = true;
    return std::unexpected(std::move(error));
}

std::unexpected<Error> too_many_waiting() {
    Error error = protocol::make_error(
        ErrorCode::overloaded, "the call was not sent: too many calls wait for this key"
    );
    error.retryable = true;
    return std::unexpected(std::move(error));
}

std::unexpected<Error> overtaken() {
    return fail(ErrorCode::network, "the call was not sent again: a later call of this key has acted since");
}

// Gives the turn on whatever happens.
class Turn {
public:
    explicit Turn(Turns& turns) : turns_(turns) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { turns_.leave(); }

private:
    Turns& turns_;
};

}  // namespace

awaitable<Result<Attempt>> Lane::send(
    const protocol::Endpoint& endpoint,
    const kraken::Parameters& parameters,
    Deadlines deadlines,
    std::optional<std::uint64_t>* place,
    Hold hold
) {
    const auto self = shared_from_this();
    const auto entry = co_await turns_.enter(deadlines.turn);
    if (entry == Turns::Entry::full) co_return too_many_waiting();
    if (entry == Turns::Entry::too_late) co_return not_in_time();
    const Turn turn(turns_);
    if (steady_clock::now() >= deadlines.request) co_return not_in_time();
    if (services_.api.stopping()) co_return std::unexpected(protocol::stopping_error());
    auto refused = hold == Hold::passed ? lockout() : refusal();
    if (refused) co_return std::unexpected(std::move(*refused));
    if (place && *place && **place != acted_) co_return overtaken();
    const bool acts = endpoint.effect != protocol::Effect::read && endpoint.effect != protocol::Effect::token;
    if (acts) ++acted_;
    if (place) *place = acted_;
    if (services_.clock.take_ask()) ask_time_in_background();
    auto attempt = co_await send_in_turn(endpoint, parameters, deadlines.request);
    co_return attempt;
}

std::optional<Error> Lane::lockout() const {
    const auto until = services_.api.silent_until();
    const auto elapsed = services_.clock.elapsed();
    if (!until || elapsed >= *until) return std::nullopt;
    Error error = protocol::make_error(
        ErrorCode::lockout, "Kraken has locked this address out, so nothing is sent until that is over"
    );
    error.retryable = true;
    tell_end(error, *until - elapsed);
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

awaitable<Result<Attempt>> Lane::send_in_turn(
    const protocol::Endpoint& endpoint,
    const kraken::Parameters& parameters,
    steady_clock::time_point deadline
) {
    const auto nonce = co_await next_nonce(deadline);
    if (!nonce) co_return std::unexpected(nonce.error());
    auto request = co_await services_.keeper.sign(
        key_, protocol::path_of(endpoint), *nonce, parameters.body(*nonce), parameters.form()
    );
    if (!request) co_return std::unexpected(std::move(request.error()));
    kraken::SignedCall call{
        std::move(request->api_key),
        std::move(request->signature),
        std::move(request->body),
        parameters.form()
    };
    Attempt attempt = co_await services_.api.call_private(endpoint, std::move(call), deadline);
    co_return attempt;
}

awaitable<Result<base::Nonce>> Lane::next_nonce(steady_clock::time_point deadline) {
    // A failed write proves nothing about the marks on disk, so from then on no nonce is safe.
    if (services_.store.failed()) {
        co_return fail(ErrorCode::storage, "durable state cannot be written, so nothing was sent");
    }
    if (!sequence_) {
        const auto loaded = co_await load();
        if (!loaded) co_return std::unexpected(loaded.error());
    }
    auto nonce = sequence_->take(services_.clock.now());
    // Once, unless the disk is so slow, or the clock jumped so far, that the new bound is behind already.
    while (!nonce) {
        if (sequence_->used_up()) {
            co_return fail(ErrorCode::nonce, "this key's nonces are used up; make a new key at Kraken");
        }
        const auto reserved = co_await reserve();
        if (!reserved) co_return std::unexpected(reserved.error());
        if (steady_clock::now() >= deadline) co_return not_in_time();
        nonce = sequence_->take(services_.clock.now());
    }
    if (!renewing_ && sequence_->renewal_due(services_.clock.now())) renew_in_background();
    co_return *nonce;
}

awaitable<Result<void>> Lane::load() {
    auto mark = co_await services_.store.nonce_mark(key_);
    if (!mark) co_return std::unexpected(std::move(mark.error()));
    if (*mark) {
        sequence_.emplace((*mark)->bound.value(), (*mark)->unit);
    } else {
        sequence_.emplace(0, base::NonceUnit::microseconds);
    }
    co_return Result<void>();
}

awaitable<Result<void>> Lane::reserve() {
    const base::Nonce bound = sequence_->wanted_bound(services_.clock.now());
    const state::NonceMark mark{bound, sequence_->unit()};
    const auto saved = co_await services_.store.save_nonce_mark(key_, mark);
    if (saved) sequence_->bound_saved(bound, services_.clock.now());
    co_return saved;
}

void Lane::renew_in_background() {
    renewing_ = true;
    const auto done = [self = shared_from_this()](std::exception_ptr bug, Result<void> saved) {
        self->renewing_ = false;
        if (bug) std::rethrow_exception(bug);
        if (!saved) log(LogLevel::error, "nonce.reserve_failed", {{"key", self->key_.hex()}});
    };
    boost::asio::co_spawn(services_.executor, reserve(), done);
}

}  // namespace krakken::account
