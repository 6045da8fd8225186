#include "connect.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace krakken::net {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds head_start{250};

// The attempts under way. Their handlers hold it, so it outlives the coroutine that waits.
struct Race : std::enable_shared_from_this<Race> {
    explicit Race(const asio::any_io_executor& executor) : wake(executor) {}

    void begin(const tcp::endpoint& address) {
        tcp::socket& socket = attempts.emplace_back(wake.get_executor());
        socket.async_connect(address, [self = shared_from_this(), &socket](boost::system::error_code result) {
            self->on_result(socket, result);
        });
    }

    void on_result(tcp::socket& socket, boost::system::error_code result) {
        news = true;
        if (result) {
            ++failed;
            error = result;
        } else if (!winner) {
            winner = std::move(socket);
        }
        wake.cancel();
    }

    void end() {
        for (tcp::socket& socket : attempts) {
            boost::system::error_code ignored;  // a close that fails has closed all the same
            socket.close(ignored);
        }
    }

    asio::steady_timer wake;
    std::deque<tcp::socket> attempts;  // a deque: attempts stay where they are
    std::optional<tcp::socket> winner;
    std::size_t failed = 0;
    bool news = false;
    boost::system::error_code error = asio::error::host_not_found;
};

}  // namespace

awaitable<std::expected<tcp::socket, std::string>> connect(
    asio::any_io_executor executor, Addresses addresses, Clock::time_point deadline
) {
    struct EndRace {
        explicit EndRace(std::shared_ptr<Race> of) : race(std::move(of)) {}
        EndRace(const EndRace&) = delete;
        EndRace& operator=(const EndRace&) = delete;
        ~EndRace() { race->end(); }
        std::shared_ptr<Race> race;
    };
    const EndRace guard(std::make_shared<Race>(executor));
    Race& race = *guard.race;

    auto next_start = Clock::time_point::min();
    while (!race.winner && race.failed < addresses.size()) {
        const std::size_t begun = race.attempts.size();
        const bool left = begun < addresses.size();
        if (left && (race.failed == begun || Clock::now() >= next_start)) {
            race.begin(addresses[begun]);
            next_start = Clock::now() + head_start;
            continue;
        }
        race.news = false;
        race.wake.expires_at(left ? std::min(next_start, deadline) : deadline);
        const auto [cancelled] = co_await race.wake.async_wait(as_result);
        if (race.news) continue;
        if (cancelled) co_return std::unexpected("cancelled");
        if (Clock::now() >= deadline) co_return std::unexpected("timed out");
    }
    if (!race.winner) co_return std::unexpected(race.error.message());
    boost::system::error_code ignored;  // slower without, not wrong
    race.winner->set_option(tcp::no_delay(true), ignored);
    co_return std::move(*race.winner);
}

}  // namespace krakken::net
