#pragma once

// Lets public calls through to Kraken, as the counter of this address says: whoever waits, waits by turns,
// client by client.

#include "account/line.hpp"
#include "account/rate_counter.hpp"
#include "base/clock.hpp"
#include "kraken/api.hpp"
#include "protocol/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <optional>

namespace krakken::account {

using boost::asio::awaitable;
using protocol::Result;

class PublicCalls {
public:
    // `clock` must outlive it.
    PublicCalls(boost::asio::any_io_executor executor, const base::Clock& clock);

    // Off: every call goes at once.
    void configure(bool on);

    // Waits for its turn, at most until `deadline`; then a request may be sent, and end() must follow.
    // Errors: rate_limit, with the time when there will be room; overloaded.
    awaitable<Result<void>> enter(Line::Entry entry, std::chrono::steady_clock::time_point deadline);
    void end(const kraken::Attempt& attempt);

    bool on() const { return on_; }
    const RateCounter& counter() const { return counter_; }

private:
    struct Waiter {
        enum class End { none, its_turn, put_out };
        boost::asio::steady_timer wake;  // its expiry is the deadline
        End ended = End::none;

        void end(End how) {
            ended = how;
            wake.cancel();
        }
    };
    class InLine;

    std::chrono::steady_clock::time_point room_at() const;
    std::optional<protocol::Error> refusal(std::chrono::steady_clock::time_point deadline) const;
    void begin() { counter_.reserve(one_point); }
    void let_go();
    void look_again(std::optional<std::chrono::steady_clock::time_point> when);

    boost::asio::any_io_executor executor_;
    const base::Clock& clock_;
    bool on_ = true;
    RateCounter counter_;
    Line line_;
    std::map<Line::Ticket, Waiter*> waiters_;
    boost::asio::steady_timer look_;
};

}  // namespace krakken::account
