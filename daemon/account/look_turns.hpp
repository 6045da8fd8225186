#pragma once

// Who of an account's lost calls may ask Kraken now: one at a time, and none while Kraken refuses more
// questions. Rounds of look-ups that mix use up the call counter of a key together, and none comes to its
// end; one after another each does. Event loop's thread only.

#include "account/turns.hpp"
#include "kraken/api.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

namespace krakken::account {

class LookTurns {
public:
    // `api` must outlive it.
    LookTurns(boost::asio::any_io_executor executor, kraken::Api& api)
        : api_(api), turns_(std::move(executor), as_many_as_are_lost) {}

    // The others wait for as long as this lives. The LookTurns must outlive it.
    class Turn {
    public:
        explicit Turn(Turns& turns) : turns_(&turns) {}
        Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
        Turn& operator=(Turn&& other) noexcept {
            std::swap(turns_, other.turns_);
            return *this;
        }
        ~Turn() {
            if (turns_) turns_->leave();
        }

    private:
        Turns* turns_;
    };

    // Empty: the daemon is stopping.
    boost::asio::awaitable<std::optional<Turn>> enter();

    // Kraken's rate limit has refused a question: longer pauses each time.
    void refused();
    // A whole round was answered.
    void answered() { next_pause_ = first_pause; }
    // Nobody asks sooner.
    std::chrono::steady_clock::time_point not_before() const { return not_before_; }

private:
    static constexpr std::size_t as_many_as_are_lost = std::numeric_limits<std::size_t>::max();
    static constexpr std::chrono::seconds first_pause{5};
    // In so long the slowest of Kraken's call counters falls from full to nothing: 15 by 0.33 a second.
    static constexpr std::chrono::seconds longest_pause{45};

    kraken::Api& api_;
    Turns turns_;
    std::chrono::steady_clock::time_point not_before_;
    std::chrono::seconds next_pause_ = first_pause;
};

}  // namespace krakken::account
