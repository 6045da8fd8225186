#pragma once

// How far clients have used what is limited by time: calls of the last minute, money of the last day. Money
// is remembered over restarts by the intents of what was sent. Event loop's thread only.

#include "account/turns.hpp"
#include "grant/grant.hpp"
#include "protocol/error.hpp"
#include "state/state_store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace krakken::gate {

class Usage {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    // `store` must outlive it.
    Usage(boost::asio::any_io_executor executor, state::StateStore& store);

    // When there is room for another call within the limit: now, or later.
    TimePoint room_for_a_call(const std::string& identity, unsigned limit, TimePoint now) const;
    void count_call(const std::string& identity, TimePoint now);

    // So many calls of the last minute count.
    std::size_t calls(const std::string& identity, TimePoint now) const;

    // What the client's placements of the last 24 hours may have cost, in this currency.
    base::Decimal spent(const std::string& identity, const std::string& currency, base::Time now);
    // An amount that counts from `at` on.
    void spend(const std::string& identity, const grant::Amount& amount, base::Time at);
    // Nothing became of it.
    void give_back(const std::string& identity, const grant::Amount& amount, base::Time at);

    // Those of these orders that the client has placed here.
    boost::asio::awaitable<protocol::Result<std::vector<std::string>>> owned(
        std::string identity, std::vector<std::string> txids
    ) {
        return store_.owned(std::move(identity), std::move(txids));
    }

    // One placement at a time of a client whose open orders are counted.
    account::Turns& turns_of(const std::string& identity);

private:
    struct Day {
        base::Decimal sum;
        std::deque<std::pair<base::Time, base::Decimal>> amounts;  // as they were spent
    };

    static constexpr std::chrono::minutes window{1};
    static constexpr std::chrono::hours counts_for{24};
    static constexpr std::size_t most_waiting = 256;

    boost::asio::any_io_executor executor_;
    state::StateStore& store_;
    std::map<std::string, std::deque<TimePoint>> calls_;
    std::map<std::pair<std::string, std::string>, Day> days_;  // by identity and currency
    std::map<std::string, account::Turns> turns_;
};

}  // namespace krakken::gate
