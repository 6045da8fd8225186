#include "open_orders.hpp"

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <utility>

namespace krakken::gate {

using boost::asio::awaitable;
using protocol::Result;

awaitable<Result<std::vector<std::string>>> own_open_orders(
    Backend& backend, std::shared_ptr<account::Account> account, std::string identity, account::Call asking
) {
    const auto answer = co_await account->call({
        .endpoint = protocol::find_endpoint("OpenOrders"),
        .parameters = {},
        .deadline = asking.deadline,
        .max_wait = asking.max_wait,
        .call_id = asking.call_id,
        .caller = asking.caller,
    });
    if (!answer) co_return std::unexpected(answer.error());
    const auto result = protocol::split_object(*answer, protocol::max_reply_depth);
    const auto* open = result ? protocol::find(*result, "open") : nullptr;
    const auto orders = open ? protocol::split_object(open->value, protocol::max_reply_depth)
                             : std::unexpected(protocol::JsonFault::syntax);
    if (!orders)
        co_return protocol::fail(
            protocol::ErrorCode::network, "Kraken's list of open orders is not understood"
        );
    std::vector<std::string> ids;
    for (const auto& order : *orders)
        ids.push_back(order.name);
    auto own = co_await backend.usage.owned(std::move(identity), std::move(ids));
    co_return own;
}

}  // namespace krakken::gate
