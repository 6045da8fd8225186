#include "account/nonces.hpp"

#include "base/log.hpp"
#include "nonce/legacy.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

namespace krakken::account {

using base::log;
using base::LogLevel;
using base::NonceUnit;
using nonce::UnitSearch;
using protocol::Error;
using protocol::ErrorCode;
using protocol::fail;
using std::chrono::steady_clock;

namespace {

std::unexpected<Error> disk_too_slow() {
    Error error = protocol::make_error(
        ErrorCode::timeout, "the state folder's disk did not answer before the deadline, so nothing was sent"
    );
    error.retryable = true;
    return std::unexpected(std::move(error));
}

}  // namespace

Nonces::Nonces(
    boost::asio::any_io_executor executor,
    state::StateStore& store,
    const base::Clock& clock,
    base::KeyId key,
    std::chrono::microseconds apart
)
    : executor_(std::move(executor)),
      store_(store),
      clock_(clock),
      key_(std::move(key)),
      search_(apart),
      disk_done_(executor_) {}

awaitable<Result<base::Nonce>> Nonces::next(steady_clock::time_point deadline) {
    const auto ready = co_await make_ready(deadline);
    if (!ready) co_return std::unexpected(ready.error());
    auto nonce = sequence_->take(clock_.now());
    // Once, unless the disk is so slow, or the clock jumped so far, that the new bound is behind already.
    while (!nonce) {
        if (sequence_->used_up()) {
            co_return fail(ErrorCode::nonce, "this key's nonces are used up; make a new key at Kraken");
        }
        if (!disk_busy_) start(save());
        const auto saved = co_await disk_answered(deadline);
        if (!saved) co_return std::unexpected(saved.error());
        nonce = sequence_->take(clock_.now());
    }
    if (!disk_busy_ && sequence_->renewal_due(clock_.now())) start(save());
    co_return *nonce;
}

// The mark is read, and the sequence counts in the unit wanted.
awaitable<Result<void>> Nonces::make_ready(steady_clock::time_point deadline) {
    // A failed write proves nothing about the marks on disk, so from then on no nonce is safe.
    if (store_.failed()) {
        co_return std::unexpected(
            protocol::make_error(ErrorCode::storage, "durable state cannot be written, so nothing was sent")
                .with_remedy("free or repair the disk of the state folder, then restart krakkend")
        );
    }
    if (!sequence_) {
        if (!disk_busy_) start(load());
        const auto loaded = co_await disk_answered(deadline);
        if (!loaded) co_return loaded;
    }
    if (!must_move()) co_return Result<void>();
    const auto idle = co_await disk_idle(deadline);
    if (idle) move();
    co_return idle;
}

std::optional<NonceUnit> Nonces::wanted_unit() const {
    return std::max(fixed_unit_, needed_unit_);
}

bool Nonces::must_move() const {
    return std::optional(sequence_->unit()) < wanted_unit();
}

// Only while nothing is being saved: what began in the coarser unit would leave that one on disk.
void Nonces::move() {
    if (!must_move()) return;
    sequence_->move_to(*wanted_unit());
    log(LogLevel::warn, "nonce.unit_moved", {{"key", key_.hex()}, {"unit", base::name(sequence_->unit())}});
}

awaitable<Result<void>> Nonces::load() {
    auto mark = co_await store_.nonce_mark(key_);
    if (!mark) co_return std::unexpected(std::move(mark.error()));
    if (*mark) {
        sequence_.emplace((*mark)->bound.value(), (*mark)->unit);
        unit_proven_ = (*mark)->unit_proven;
    } else {
        sequence_.emplace(0, NonceUnit::microseconds);
    }
    if (!unit_proven_) search_unit();
    tell_if_finer();
    apply_floor();
    co_return Result<void>();
}

void Nonces::apply_floor() {
    if (floor_ <= sequence_->last()) return;
    const auto unit = nonce::unit_of_floor(floor_, clock_.now());
    if (!unit) {
        log(LogLevel::warn,
            "nonce.floor_ignored",
            {{"key", key_.hex()}, {"why", unit.error().message}, {"remedy", unit.error().remedy}});
        return;
    }
    log(LogLevel::info, "nonce.floor_taken", {{"key", key_.hex()}, {"floor", floor_}});
    sequence_->raise(floor_);
    needed_unit_ = std::max(needed_unit_, std::optional(*unit));
}

awaitable<Result<void>> Nonces::save() {
    const base::Nonce bound = sequence_->wanted_bound(clock_.now());
    const auto saved = co_await store_.save_nonce_mark(key_, {bound, sequence_->unit(), unit_proven_});
    if (saved) sequence_->bound_saved(bound, clock_.now());
    co_return saved;
}

void Nonces::start(awaitable<Result<void>> work) {
    disk_busy_ = true;
    const auto done = [self = shared_from_this()](std::exception_ptr bug, Result<void> ended) {
        if (bug) std::rethrow_exception(bug);
        self->disk_busy_ = false;
        self->disk_error_.reset();
        if (!ended) {
            log(LogLevel::error,
                "nonce.mark_failed",
                {{"key", self->key_.hex()}, {"why", ended.error().message}});
            self->disk_error_ = std::move(ended.error());
        }
        self->disk_done_.cancel();
    };
    boost::asio::co_spawn(executor_, std::move(work), done);
}

awaitable<Result<void>> Nonces::disk_answered(steady_clock::time_point deadline) {
    while (disk_busy_ && steady_clock::now() < deadline) {
        disk_done_.expires_at(deadline);
        co_await disk_done_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    if (disk_busy_ || steady_clock::now() >= deadline) co_return disk_too_slow();
    if (disk_error_) co_return std::unexpected(*disk_error_);
    co_return Result<void>();
}

awaitable<Result<void>> Nonces::disk_idle(steady_clock::time_point deadline) {
    if (!disk_busy_) co_return Result<void>();
    auto answered = co_await disk_answered(deadline);
    co_return answered;
}

// The next save puts it on disk. One of its own would cost each key a write for little: until then a restart
// only seeks the unit of a key whose very next nonces are refused.
void Nonces::accepted() {
    search_.end();
    unit_proven_ = true;
}

std::optional<std::chrono::microseconds> Nonces::refused() {
    const auto elapsed = clock_.elapsed();
    switch (search_.on_refused(sequence_->unit(), elapsed)) {
        case UnitSearch::Step::stand:
            return std::nullopt;
        case UnitSearch::Step::wait:
            return search_.wait_left(elapsed);
        case UnitSearch::Step::move_up:
            needed_unit_ = nonce::next_finer(sequence_->unit());
            return std::chrono::microseconds(0);
    }
    std::unreachable();
}

void Nonces::search_unit() {
    if (!fixed_unit_) search_.begin();
}

void Nonces::set_unit(std::optional<NonceUnit> unit) {
    if (unit == fixed_unit_) return;
    fixed_unit_ = unit;
    if (fixed_unit_) search_.end();
    if (!sequence_) return;
    if (!unit_proven_) search_unit();
    tell_if_finer();
}

void Nonces::tell_if_finer() const {
    if (!fixed_unit_ || sequence_->unit() <= *fixed_unit_) return;
    log(LogLevel::warn,
        "nonce.unit_kept",
        {{"key", key_.hex()},
         {"unit", base::name(sequence_->unit())},
         {"configured", base::name(*fixed_unit_)},
         {"why", "Kraken refuses a coarser one for good"}});
}

void Nonces::raise_floor(std::uint64_t floor) {
    if (floor <= floor_) return;
    floor_ = floor;
    if (sequence_) apply_floor();
}

awaitable<Result<std::uint64_t>> Nonces::import(std::uint64_t floor, steady_clock::time_point deadline) {
    const auto ready = co_await make_ready(deadline);
    if (!ready) co_return std::unexpected(ready.error());
    // An earlier import may have raised it, and its save not have ended in time.
    const bool durable = sequence_->last() <= sequence_->bound();
    if (floor <= sequence_->last() && durable) co_return sequence_->last();
    const auto unit = nonce::unit_of_floor(floor, clock_.now());
    if (!unit) co_return std::unexpected(unit.error());
    const auto idle = co_await disk_idle(deadline);
    if (!idle) co_return std::unexpected(idle.error());
    needed_unit_ = std::max(needed_unit_, std::optional(*unit));
    move();
    sequence_->raise(floor);
    start(save());
    const auto saved = co_await disk_answered(deadline);
    if (!saved) co_return std::unexpected(saved.error());
    co_return sequence_->last();
}

}  // namespace krakken::account
