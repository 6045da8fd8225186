#pragma once

// How the keeper gets slow work done without blocking the event loop: one call at a time, on a thread of its
// own. The event loop's thread only, except for the work itself.

#include "protocol/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <type_traits>
#include <utility>

namespace krakken::keeper {

// Runs blocking work on the pool and comes back with its result. What the work holds (a passphrase) is gone
// when it is done.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work>> run_on(boost::asio::thread_pool& pool, Work work) {
    constexpr auto body = [](Work given) -> boost::asio::awaitable<std::invoke_result_t<Work>> {
        Work mine = std::move(given);
        co_return mine();
    };
    auto result = co_await boost::asio::co_spawn(pool, body(std::move(work)), boost::asio::use_awaitable);
    co_return result;
}

// Lets calls do something one after another, in the order they asked.
class Turns {
public:
    static constexpr std::size_t max_waiting = 16;

    // The right to go on; given back when it goes.
    class Turn {
    public:
        explicit Turn(Turns& turns) : turns_(&turns) {}
        Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (turns_ != nullptr) turns_->give_back();
        }

    private:
        Turns* turns_;
    };

    explicit Turns(boost::asio::any_io_executor executor) : channel_(std::move(executor), 1) { give_back(); }

    // overloaded, retryable, if too many wait already.
    boost::asio::awaitable<protocol::Result<Turn>> take() {
        if (waiting_ == max_waiting) {
            auto error =
                protocol::make_error(protocol::ErrorCode::overloaded, "too many calls wait for the vault");
            error.retryable = true;
            co_return std::unexpected(std::move(error));
        }
        ++waiting_;
        const auto [error] =
            co_await channel_.async_receive(boost::asio::as_tuple(boost::asio::use_awaitable));
        --waiting_;
        if (error) co_return protocol::fail(protocol::ErrorCode::stopping, "the keeper is stopping");
        co_return Turn(*this);
    }

    // Waits until all who asked before have had their turn; never refused.
    boost::asio::awaitable<void> wait_for_others() {
        const auto [error] =
            co_await channel_.async_receive(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (!error) give_back();
    }

private:
    void give_back() { channel_.try_send(boost::system::error_code{}); }

    // Holds one message, which is the right to go on, or none while somebody has it.
    boost::asio::experimental::channel<void(boost::system::error_code)> channel_;
    std::size_t waiting_ = 0;
};

}  // namespace krakken::keeper
