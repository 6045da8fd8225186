#include "account/calls.hpp"

#include "base/log.hpp"

#include <sodium.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

namespace krakken::account {

using base::log;
using base::LogLevel;
using std::chrono::steady_clock;

namespace {

double random_share() {
    constexpr std::uint32_t steps = 1U << 16;
    return static_cast<double>(randombytes_uniform(steps)) / steps;
}

}  // namespace

awaitable<Result<std::string>> make_call(
    boost::asio::any_io_executor executor,
    const base::Clock& clock,
    const Call& call,
    RetrySettings settings,
    const SendOnce& send_once
) {
    Retry retry(*call.endpoint, settings);
    std::optional<protocol::Error> earlier;
    while (true) {
        auto attempt = co_await send_once();
        // Where an earlier attempt may have reached Kraken, "nothing was sent" would be untrue.
        if (!attempt) co_return std::unexpected(earlier ? std::move(*earlier) : std::move(attempt.error()));
        Retry::Verdict verdict = retry.on(std::move(*attempt), random_share(), clock.now());
        if (auto* done = std::get_if<Retry::Done>(&verdict)) {
            for (const std::string& warning : done->warnings) {
                log(LogLevel::warn,
                    "kraken.warning",
                    {{"call_id", call.call_id}, {"class", warning.substr(0, warning.find(':'))}});
            }
            co_return std::move(done->result);
        }
        if (auto* given_up = std::get_if<Retry::GiveUp>(&verdict)) {
            co_return std::unexpected(std::move(given_up->error));
        }
        auto& again = std::get<Retry::Again>(verdict);
        if (steady_clock::now() + again.pause >= call.deadline)
            co_return std::unexpected(std::move(again.error));
        log(LogLevel::debug,
            "call.again",
            {{"call_id", call.call_id},
             {"category", protocol::category(again.error.code)},
             {"pause_ms", again.pause.count()}});
        earlier = std::move(again.error);
        boost::asio::steady_timer timer(executor, again.pause);
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
}

}  // namespace krakken::account
