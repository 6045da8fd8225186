#pragma once

// Holds coroutines back until the test lets them through: how a fake is slow without a sleep.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <list>

namespace krakken::test {

class Barrier {
public:
    explicit Barrier(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    void close() { closed_ = true; }
    void open();
    // Lets the one through that has waited longest.
    void open_for_one();

    std::size_t waiting() const { return waiting_.size(); }

    // Open: goes on after one turn of the event loop, as real work would.
    boost::asio::awaitable<void> pass();

private:
    boost::asio::any_io_executor executor_;
    bool closed_ = false;
    std::list<boost::asio::steady_timer> waiting_;
};

}  // namespace krakken::test
