#pragma once

// One at a time, in order of arrival, with a deadline for the wait and a bound on how many wait.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <list>

namespace krakken::account {

class Turns {
public:
    enum class Entry { entered, too_late, full };

    explicit Turns(boost::asio::any_io_executor executor, std::size_t max_waiting)
        : executor_(std::move(executor)), max_waiting_(max_waiting) {}

    // After `entered`, and after true, the caller must leave().
    boost::asio::awaitable<Entry> enter(std::chrono::steady_clock::time_point deadline);
    bool enter_if_free();
    void leave();

    std::size_t waiting() const { return waiting_.size(); }
    bool busy() const { return busy_; }

private:
    struct Waiter {
        boost::asio::steady_timer timer;
        bool called = false;
    };

    boost::asio::any_io_executor executor_;
    std::size_t max_waiting_;
    std::list<Waiter> waiting_;
    bool busy_ = false;
};

}  // namespace krakken::account
