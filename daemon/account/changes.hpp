#pragma once

// Wakes the coroutines that wait for a change of state. Event loop's thread only.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>

namespace krakken::account {

class Changes {
public:
    explicit Changes(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    void happened();

    // Returns at the next change, or at the deadline.
    boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point deadline);

private:
    boost::asio::any_io_executor executor_;
    std::list<boost::asio::steady_timer> waiting_;
};

}  // namespace krakken::account
