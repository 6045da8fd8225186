#pragma once

// Which orders of somebody's are open now, by Kraken's word.

#include "account/account.hpp"
#include "gate/backend.hpp"

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

namespace krakken::gate {

// Kraken's ids of those on the account that were placed here by `identity`. `asking` says for whom it is
// asked, and until when. Fails as any read does.
boost::asio::awaitable<protocol::Result<std::vector<std::string>>> own_open_orders(
    Backend& backend, std::shared_ptr<account::Account> account, std::string identity, account::Call asking
);

}  // namespace krakken::gate
