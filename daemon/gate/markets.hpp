#pragma once

// What pairs are traded for, and at what price, by Kraken's public calls: for limits in money.

#include "account/accounts.hpp"
#include "base/caller.hpp"
#include "grant/notional.hpp"

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <string>

namespace krakken::gate {

class Markets {
public:
    // `accounts` must outlive it.
    explicit Markets(account::Accounts& accounts) : accounts_(accounts) {}

    // `pair` by kraken::canonical_pair(); the price is a few seconds old at most. `caller`: for whom it is
    // asked. forbidden, rule "limit:understood": Kraken names no price of it; else as the public call failed.
    boost::asio::awaitable<protocol::Result<grant::Market>> of(
        std::string pair, base::Caller caller, std::string call_id
    );

private:
    struct Known {
        std::string quote;
        base::Decimal price;
        std::chrono::steady_clock::time_point asked_at = {};
    };

    boost::asio::awaitable<protocol::Result<std::string>> ask(
        std::string_view endpoint, std::string pair, base::Caller caller, std::string call_id
    );

    static constexpr std::chrono::seconds good_for{5};

    account::Accounts& accounts_;
    std::map<std::string, Known> known_;  // pairs that Kraken has, so there are not many
};

}  // namespace krakken::gate
