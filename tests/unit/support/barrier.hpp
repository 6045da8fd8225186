#pragma once

// Holds coroutines back until the test lets them through: how a fake is slow without a sleep.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
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

    // Open: goes on after one turn of the event loop, as real work would. False: given up by `slot`.
    boost::asio::awaitable<bool> pass(boost::asio::cancellation_slot slot = {});

private:
    boost::asio::any_io_executor executor_;
    bool closed_ = false;
    struct Waiter {
        boost::asio::steady_timer timer;
        bool let_through = false;
    };
    static void let_through(Waiter& waiter);

    std::list<Waiter> waiting_;
};

}  // namespace krakken::test
