#include "account/changes.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace krakken::account {

void Changes::happened() {
    for (auto& timer : waiting_)
        timer.cancel();
}

boost::asio::awaitable<void> Changes::wait_until(std::chrono::steady_clock::time_point deadline) {
    const auto place = waiting_.emplace(waiting_.end(), executor_, deadline);
    co_await place->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    waiting_.erase(place);
}

}  // namespace krakken::account
