#include "account/look_turns.hpp"

#include <algorithm>

namespace krakken::account {

using std::chrono::steady_clock;

boost::asio::awaitable<std::optional<LookTurns::Turn>> LookTurns::enter() {
    // Each waiter is a lost call that is open in the store: their number is bounded there.
    co_await turns_.enter(steady_clock::time_point::max());
    Turn turn(turns_);
    for (auto now = steady_clock::now(); now < not_before_; now = steady_clock::now()) {
        const auto pause = std::chrono::ceil<std::chrono::microseconds>(not_before_ - now);
        const bool going_on = co_await api_.pause(pause);
        if (!going_on) co_return std::nullopt;
    }
    co_return turn;
}

void LookTurns::refused() {
    not_before_ = steady_clock::now() + next_pause_;
    next_pause_ = std::min(next_pause_ * 3, longest_pause);
}

}  // namespace krakken::account
