#include "support/barrier.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace krakken::test {

namespace asio = boost::asio;

void Barrier::open() {
    closed_ = false;
    for (auto& timer : waiting_)
        timer.cancel();
}

void Barrier::open_for_one() {
    if (!waiting_.empty()) waiting_.front().cancel();
}

asio::awaitable<void> Barrier::pass() {
    if (!closed_) {
        co_await asio::post(executor_, asio::use_awaitable);
        co_return;
    }
    const auto place = waiting_.emplace(waiting_.end(), executor_, asio::steady_timer::time_point::max());
    co_await place->async_wait(asio::as_tuple(asio::use_awaitable));
    waiting_.erase(place);
}

}  // namespace krakken::test
