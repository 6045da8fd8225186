#include "account/turns.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace krakken::account {

boost::asio::awaitable<Turns::Entry> Turns::enter(std::chrono::steady_clock::time_point deadline) {
    if (enter_if_free()) co_return Entry::entered;
    if (waiting_.size() >= max_waiting_) co_return Entry::full;
    const auto place =
        waiting_.insert(waiting_.end(), Waiter{boost::asio::steady_timer(executor_, deadline)});
    co_await place->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    // The turn may have come in the same moment as the deadline: then it is ours and must not be lost.
    if (place->called) {
        waiting_.erase(place);
        co_return Entry::entered;
    }
    waiting_.erase(place);
    co_return Entry::too_late;
}

bool Turns::enter_if_free() {
    return !std::exchange(busy_, true);
}

void Turns::leave() {
    for (Waiter& waiter : waiting_) {
        if (waiter.called) continue;
        waiter.called = true;
        waiter.timer.cancel();
        return;  // still busy: the turn has passed on
    }
    busy_ = false;
}

}  // namespace krakken::account
