#include "support/barrier.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace krakken::test {

namespace asio = boost::asio;

void Barrier::open() {
    closed_ = false;
    for (Waiter& waiter : waiting_)
        let_through(waiter);
}

void Barrier::open_for_one() {
    const auto first = std::ranges::find(waiting_, false, &Waiter::let_through);
    if (first != waiting_.end()) let_through(*first);
}

void Barrier::let_through(Waiter& waiter) {
    waiter.let_through = true;
    waiter.timer.cancel();
}

asio::awaitable<bool> Barrier::pass(asio::cancellation_slot slot) {
    if (!closed_) {
        co_await asio::post(executor_, asio::use_awaitable);
        co_return true;
    }
    asio::steady_timer never(executor_, asio::steady_timer::time_point::max());
    const auto place = waiting_.insert(waiting_.end(), Waiter{std::move(never)});
    if (slot.is_connected()) slot.assign([place](asio::cancellation_type) { place->timer.cancel(); });
    co_await place->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    slot.clear();
    const bool let_through = place->let_through;
    waiting_.erase(place);
    co_return let_through;
}

}  // namespace krakken::test
