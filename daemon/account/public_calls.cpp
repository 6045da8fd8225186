#include "account/public_calls.hpp"

#include "account/public_counter.hpp"
#include "account/unsent.hpp"
#include "kraken/refusal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace krakken::account {

using std::chrono::steady_clock;

// In the line for as long as this lives, however the call's waiting ends.
class PublicCalls::InLine {
public:
    InLine(PublicCalls& calls, const Line::Entry& entry, Waiter& waiter)
        : calls_(calls), joined_(calls_.line_.join(entry)) {
        calls_.waiters_.emplace(joined_.ticket, &waiter);
        if (joined_.put_out) calls_.waiters_.at(*joined_.put_out)->end(Waiter::End::put_out);
        calls_.let_go();
    }
    InLine(const InLine&) = delete;
    InLine& operator=(const InLine&) = delete;
    ~InLine() {
        calls_.waiters_.erase(joined_.ticket);
        calls_.line_.leave(joined_.ticket);
    }

private:
    PublicCalls& calls_;
    Line::Joined joined_;
};

PublicCalls::PublicCalls(boost::asio::any_io_executor executor, const base::Clock& clock)
    : executor_(std::move(executor)), clock_(clock), counter_(public_limits()), look_(executor_) {
    constexpr std::size_t max_waiting = 256;  // more would not be served within any deadline of a client
    line_.bound(max_waiting);
}

void PublicCalls::configure(bool on) {
    on_ = on;
    let_go();
}

steady_clock::time_point PublicCalls::room_at() const {
    const Elapsed now = clock_.elapsed();
    return steady_clock::now() + (on_ ? counter_.ready_at(one_point, now) - now : Elapsed(0));
}

awaitable<Result<void>> PublicCalls::enter(Line::Entry entry, steady_clock::time_point deadline) {
    if (line_.empty() && room_at() <= steady_clock::now()) {
        begin();
        co_return Result<void>();
    }
    if (auto why = refusal(deadline)) co_return std::unexpected(std::move(*why));
    Waiter waiter{boost::asio::steady_timer(executor_, deadline)};
    const InLine place(*this, entry, waiter);
    if (waiter.ended == Waiter::End::none)
        co_await waiter.wake.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (waiter.ended == Waiter::End::its_turn) co_return Result<void>();
    if (waiter.ended == Waiter::End::put_out) co_return too_many_waiting();
    if (auto why = refusal(deadline)) co_return std::unexpected(std::move(*why));
    co_return not_in_time();
}

// There will be no room by then.
std::optional<protocol::Error> PublicCalls::refusal(steady_clock::time_point deadline) const {
    const auto room = room_at();
    const auto now = steady_clock::now();
    if (room <= std::max(now, deadline)) return std::nullopt;
    return no_room(std::chrono::ceil<std::chrono::microseconds>(room - now)).error();
}

void PublicCalls::end(const kraken::Attempt& attempt) {
    const Elapsed now = clock_.elapsed();
    if (attempt.end == kraken::Attempt::End::not_sent) {
        counter_.not_sent(one_point);
    } else {
        counter_.sent(one_point, now);
    }
    const bool exceeded = kraken::exceeded_limits(attempt.answer.errors, {}).calls || attempt.too_many;
    if (exceeded) too_many_public_calls(counter_, now);
    let_go();
}

void PublicCalls::let_go() {
    const auto way = [this](const Line::Entry&) {
        const auto room = room_at();
        return room <= steady_clock::now() ? Line::Way{.lane = 0} : Line::Way{.look = room};
    };
    while (!line_.empty()) {
        const Line::Next next = line_.next(way);
        if (!next.chosen) return look_again(next.look);
        begin();
        waiters_.at(next.chosen->ticket)->end(Waiter::End::its_turn);
    }
}

void PublicCalls::look_again(std::optional<steady_clock::time_point> when) {
    if (!when) return;
    look_.expires_at(*when);
    look_.async_wait([this](boost::system::error_code cancelled) {
        if (!cancelled) let_go();
    });
}

}  // namespace krakken::account
