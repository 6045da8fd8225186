#include "connection.hpp"

#include "base/protected_memory.hpp"
#include "wait.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <exception>
#include <utility>

namespace krakken::net {

namespace asio = boost::asio;

namespace {

std::unexpected<Failure> failure(FailureKind kind, std::string detail, bool sent = true) {
    Failure result;
    result.kind = kind;
    result.sent = sent;
    result.detail = std::move(detail);
    return std::unexpected(std::move(result));
}

}  // namespace

Connection::Connection(
    asio::any_io_executor executor, std::shared_ptr<TlsStream> stream, std::size_t max_reply_bytes
)
    : stream_(std::move(stream)), max_reply_bytes_(max_reply_bytes), wake_(std::move(executor)) {}

void Connection::start(std::function<void(Connection&)> lost) {
    lost_ = std::move(lost);
    asio::co_spawn(wake_.get_executor(), read_until_end(shared_from_this()), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
}

bool Connection::usable() {
    return idle_and_open() && stream_->quiet();
}

awaitable<std::expected<Reply, Failure>> Connection::exchange(
    std::string request,
    Clock::time_point deadline,
    asio::cancellation_slot give_up,
    std::function<void()> tell_written
) {
    if (!idle_and_open()) {
        base::wipe(request);
        const bool sent = false;
        co_return failure(FailureKind::closed, "the peer closed the connection before it was used", sent);
    }
    // However this frame ends (deadline, cancellation, an exception): a connection with half an exchange on
    // it is not used again.
    struct CloseUnlessDone {
        explicit CloseUnlessDone(std::shared_ptr<Connection> of) : connection(std::move(of)) {}
        CloseUnlessDone(const CloseUnlessDone&) = delete;
        CloseUnlessDone& operator=(const CloseUnlessDone&) = delete;
        ~CloseUnlessDone() {
            connection->tell_written_ = nullptr;
            if (connection->exchanging() || !connection->reusable_) connection->close();
        }
        std::shared_ptr<Connection> connection;
    };
    const CloseUnlessDone guard(shared_from_this());

    request_ = std::move(request);
    tell_written_ = std::move(tell_written);
    outcome_.reset();
    assembler_.emplace(max_reply_bytes_);
    ++exchanges_;
    written_ = false;
    reusable_ = false;
    wake_.expires_at(deadline);
    stream_->write(request_, [self = shared_from_this()](error_code error) { self->on_written(error); });

    const SlotInUse in_use(give_up);
    co_await wait(wake_, give_up);
    if (outcome_) co_return std::move(*outcome_);
    if (Clock::now() >= deadline) {
        co_return failure(FailureKind::timed_out, "no whole reply before the deadline");
    }
    co_return failure(FailureKind::given_up, "given up");
}

void Connection::close() {
    open_ = false;
    stream_->close();
}

awaitable<void> Connection::read_until_end(std::shared_ptr<Connection> self) {
    while (self->open_) {
        const auto [error, size] = co_await self->stream_->read_some(self->incoming_);
        if (size > 0) self->on_bytes({self->incoming_.data(), size});
        if (error) self->on_end(error);
    }
    if (!self->exchanging()) self->lost_(*self);
}

void Connection::on_bytes(std::string_view bytes) {
    // Nothing was asked: whatever this is, it would be taken for the next reply.
    if (!exchanging()) return close();
    conclude(assembler_->feed(bytes));
}

void Connection::on_end(error_code error) {
    close();
    if (!exchanging()) return;
    // Only the orderly end may end a reply that has no length: a cut stream must not pass for a whole one.
    if (error == asio::error::eof) return conclude(assembler_->end());
    finish(failure(FailureKind::closed, error.message()));
}

void Connection::on_written(error_code error) {
    // An error is left to the reader: a peer that refuses early has sent its reply before it closed.
    written_ = !error;
    base::wipe(request_);
    if (written_ && tell_written_) tell_written_();
}

void Connection::conclude(ReplyAssembler::State state) {
    using State = ReplyAssembler::State;
    switch (state) {
        case State::incomplete:
            return;
        case State::complete:
            // A reply that came before the request was out leaves the rest of the request on the stream.
            reusable_ = assembler_->reusable() && written_;
            return finish(assembler_->take());
        case State::malformed:
            return finish(failure(FailureKind::malformed, assembler_->detail()));
        case State::too_large:
            return finish(failure(FailureKind::too_large, assembler_->detail()));
        case State::cut_off:
            return finish(failure(FailureKind::closed, assembler_->detail()));
    }
}

void Connection::finish(Outcome outcome) {
    outcome_ = std::move(outcome);
    wake_.cancel();
}

}  // namespace krakken::net
