#pragma once

// The deadline of a connection: set anew for each phase, watched by a coroutine that ends when it has passed.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace exchange::front {

inline constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

class Watchdog {
public:
    using Clock = std::chrono::steady_clock;

    explicit Watchdog(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    void within(Clock::duration time) { set(Clock::now() + time); }
    void off() { set(Clock::time_point::max()); }
    void fire() { set(Clock::time_point::min()); }

    // Run it beside the connection's work with operator ||. Owned by the caller, which outlives it.
    boost::asio::awaitable<void> watch() {
        while (expiry_ > Clock::now()) {
            timer_.expires_at(expiry_);
            co_await timer_.async_wait(token);
        }
    }

private:
    void set(Clock::time_point expiry) {
        expiry_ = expiry;
        timer_.cancel();
    }

    boost::asio::steady_timer timer_;
    Clock::time_point expiry_ = Clock::time_point::max();
};

}  // namespace exchange::front
