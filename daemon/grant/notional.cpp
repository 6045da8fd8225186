#include "grant/notional.hpp"

#include "grant/judgement.hpp"

#include <algorithm>

namespace krakken::grant {

protocol::Result<Decimal> notional(const OrderAsk& order, const Market& market) {
    if (!order.prices_are_plain) {
        return std::unexpected(refusal(
            "this grant limits what an order may cost, and a relative price says nothing of it",
            "limit:understood"
        ));
    }
    // A limit is what a purchase costs at most; everything else may be executed at the market's price.
    const bool has_limit = order.type == "limit" || order.type == "iceberg";
    if (order.side == Side::buy && has_limit && order.prices.size() == 1)
        return order.volume * order.prices.front();
    Decimal price = market.price;
    for (const Decimal& named : order.prices)
        price = std::max(price, named);
    return order.volume * price;
}

}  // namespace krakken::grant
