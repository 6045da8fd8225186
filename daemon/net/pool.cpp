#include "pool.hpp"

#include "base/log.hpp"
#include "connect.hpp"
#include "wait.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/system/system_error.hpp>
#include <string>

namespace krakken::net {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

Failure unsent_failure(FailureKind kind, std::string detail) {
    Failure failure;
    failure.kind = kind;
    failure.detail = std::move(detail);
    return failure;
}

auto milliseconds_since(TimePoint start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

}  // namespace

Pool::Pool(asio::any_io_executor executor, const UpstreamSettings& settings)
    : executor_(std::move(executor)),
      settings_(settings),
      endpoint_(parse_base_url(settings.base_url)),
      tls_(endpoint_, settings.ca_file),
      names_(executor_, endpoint_),
      look_(executor_) {}

awaitable<std::expected<Pool::Lease, Failure>> Pool::take(
    TimePoint deadline, asio::cancellation_slot give_up
) {
    // In the queue for as long as this frame lives, however it ends.
    struct InQueue {
        InQueue(std::list<Waiter*>& waiting, Waiter& waiter) : queue(waiting), self(&waiter) {
            queue.push_back(self);
        }
        InQueue(const InQueue&) = delete;
        InQueue& operator=(const InQueue&) = delete;
        ~InQueue() { queue.remove(self); }
        std::list<Waiter*>& queue;
        Waiter* self;
    };

    const auto self = shared_from_this();
    if (closed_) co_return std::unexpected(unsent_failure(FailureKind::closed, "stopping"));
    last_call_ = Clock::now();
    if (last_call_ >= deadline) co_return std::unexpected(unsent_failure(FailureKind::timed_out, "too late"));
    if (auto connection = newest_usable()) {
        ++busy_;
        Lease lease(self, std::move(connection));
        work();
        co_return lease;
    }
    Waiter waiter{asio::steady_timer(executor_, deadline), std::nullopt};
    const InQueue place(waiting_, waiter);
    work();
    const SlotInUse in_use(give_up);
    co_await wait(waiter.wake, give_up);
    // Before the answer: a connection may have come free while the loop was held up until too late.
    if (Clock::now() >= deadline) {
        co_return std::unexpected(unsent_failure(FailureKind::timed_out, "no connection before the deadline")
        );
    }
    if (waiter.answer) co_return std::move(*waiter.answer);
    co_return std::unexpected(unsent_failure(FailureKind::given_up, "given up"));
}

void Pool::keep_warm(std::size_t count) {
    warm_ = count;
    last_call_ = Clock::now();
    work();
}

void Pool::close() {
    closed_ = true;
    warm_ = 0;
    look_.cancel();
    for (const auto& dialing : dials_) {
        // On the loop, because elsewhere co_spawn's part of the signal passes itself on by address and may
        // arrive after its end.
        asio::dispatch(executor_, [dialing] { dialing->emit(asio::cancellation_type::terminal); });
    }
    for (Idle& idle : std::exchange(idle_, {})) {
        drop(std::move(idle.connection));
    }
    while (!waiting_.empty()) {
        fail_first_waiter(unsent_failure(FailureKind::closed, "stopping"));
    }
}

std::shared_ptr<Connection> Pool::newest_usable() {
    while (!idle_.empty()) {
        const Idle newest = std::move(idle_.back());
        idle_.pop_back();
        const bool young = Clock::now() < newest.since + settings_.max_idle;
        if (young && newest.connection->usable()) return newest.connection;
        drop(newest.connection);
    }
    return nullptr;
}

void Pool::give_back(std::shared_ptr<Connection> connection) {
    --busy_;
    last_call_ = Clock::now();
    if (!closed_ && connection->usable()) {
        hand_out(std::move(connection));
    } else {
        drop(std::move(connection));
    }
    work();
}

void Pool::hand_out(std::shared_ptr<Connection> connection) {
    if (waiting_.empty()) {
        idle_.push_back({std::move(connection), Clock::now()});
        return;
    }
    Waiter* first = waiting_.front();
    waiting_.pop_front();
    ++busy_;
    first->answer = Lease(shared_from_this(), std::move(connection));
    first->wake.cancel();
}

void Pool::fail_first_waiter(Failure failure) {
    Waiter* first = waiting_.front();
    waiting_.pop_front();
    first->answer = std::unexpected(std::move(failure));
    first->wake.cancel();
}

void Pool::on_lost(const Connection& connection) {
    const auto found =
        std::ranges::find_if(idle_, [&](const Idle& idle) { return idle.connection.get() == &connection; });
    if (found == idle_.end()) return;
    const Idle lost = std::move(*found);
    idle_.erase(found);
    drop(lost.connection);
    work();
}

void Pool::drop(std::shared_ptr<Connection> connection) {
    connection->close();
    base::log(
        base::LogLevel::debug,
        "upstream.closed",
        {{"host", endpoint_.host}, {"exchanges", connection->exchanges()}}
    );
}

PoolState Pool::state() const {
    PoolState state;
    for (const Idle& idle : idle_) {
        state.idle_since.push_back(idle.since);
    }
    state.busy = busy_;
    state.dialing = dials_.size();
    state.waiting = waiting_.size();
    state.warm = warm_;
    state.last_call = last_call_;
    state.retry_at = retry_at_;
    return state;
}

void Pool::work() {
    if (closed_) return;
    const PoolLimits limits{settings_.max_idle, settings_.max_connections};
    const PoolPlan plan = plan_pool(state(), limits, Clock::now());
    for (std::size_t count = 0; count < plan.expired; ++count) {
        const Idle oldest = std::move(idle_.front());
        idle_.pop_front();
        drop(oldest.connection);
    }
    for (std::size_t count = 0; count < plan.dial; ++count) {
        dial();
    }
    look_again(plan.look);
}

void Pool::look_again(std::optional<TimePoint> when) {
    if (!when) {
        look_.cancel();
        return;
    }
    look_.expires_at(*when);
    look_.async_wait([weak = weak_from_this()](error_code cancelled) {
        const auto self = weak.lock();
        if (self && !cancelled) self->work();
    });
}

void Pool::dial() {
    const auto signal = dials_.insert(dials_.end(), std::make_shared<asio::cancellation_signal>());
    const TimePoint deadline = Clock::now() + settings_.connect_timeout;
    auto on_end = [self = shared_from_this(), signal](std::exception_ptr error, Opened opened) {
        self->dials_.erase(signal);
        self->on_dialed(error, std::move(opened));
    };
    asio::co_spawn(
        executor_,
        open(shared_from_this(), deadline),
        asio::bind_cancellation_slot((*signal)->slot(), std::move(on_end))
    );
}

void Pool::on_dialed(std::exception_ptr error, Opened opened) {
    // Asio throws in a coroutine that is cancelled between two operations; only close() cancels.
    if (closed_) {
        if (opened && *opened) drop(std::move(*opened));
        return;
    }
    if (error) std::rethrow_exception(error);
    if (opened) {
        failures_ = 0;
        hand_out(std::move(*opened));
    } else {
        ++failures_;
        retry_at_ = Clock::now() + pause_after(failures_);
        // Whoever still has a connection coming waits for that one.
        if (waiting_.size() > dials_.size()) fail_first_waiter(std::move(opened.error()));
    }
    work();
}

awaitable<Pool::Opened> Pool::open(std::shared_ptr<Pool> pool, TimePoint deadline) {
    const TimePoint start = Clock::now();
    const auto failed = [&](FailureKind kind, std::string_view phase, const std::string& text) {
        const std::string detail = std::string(phase) + ": " + text;
        base::log(
            base::LogLevel::debug,
            "upstream.connect_failed",
            {{"host", pool->endpoint_.host}, {"ms", milliseconds_since(start)}, {"reason", detail}}
        );
        return std::unexpected(
            unsent_failure(Clock::now() >= deadline ? FailureKind::timed_out : kind, detail)
        );
    };

    auto addresses = co_await pool->names_.find(deadline);
    if (!addresses) co_return failed(FailureKind::resolve, "resolve", addresses.error());
    auto socket = co_await connect(pool->executor_, std::move(*addresses), deadline);
    if (!socket) co_return failed(FailureKind::connect, "connect", socket.error());
    auto stream = co_await pool->secure(std::move(*socket), deadline);
    if (!stream) co_return failed(FailureKind::tls, "tls", stream.error());

    auto connection = std::make_shared<Connection>(pool->executor_, *stream, pool->settings_.max_reply_bytes);
    connection->start([weak = std::weak_ptr(pool)](Connection& lost) {
        if (const auto self = weak.lock()) self->on_lost(lost);
    });
    base::log(
        base::LogLevel::debug,
        "upstream.connected",
        {{"host", pool->endpoint_.host}, {"ms", milliseconds_since(start)}}
    );
    co_return connection;
}

awaitable<std::expected<std::shared_ptr<TlsStream>, std::string>> Pool::secure(
    tcp::socket socket, TimePoint deadline
) {
    const std::shared_ptr<TlsStream> stream = tls_.wrap(std::move(socket));
    asio::steady_timer timer(executor_, deadline);
    timer.async_wait([stream](error_code cancelled) {
        if (!cancelled) stream->close();
    });
    auto done = co_await stream->handshake();
    timer.cancel();
    if (Clock::now() >= deadline) co_return std::unexpected("timed out");
    if (!done) co_return std::unexpected(done.error());
    co_return stream;
}

}  // namespace krakken::net
