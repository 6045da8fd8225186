#include "tests/exchange/venue/endpoints.hpp"

#include <algorithm>

#include "tests/exchange/venue/account_data.hpp"
#include "tests/exchange/venue/order_queries.hpp"
#include "tests/exchange/venue/public_data.hpp"
#include "tests/exchange/venue/trading.hpp"

namespace exchange {
namespace {

constexpr Endpoint endpoints[] = {
    {"Time", server_time, false},
    {"SystemStatus", system_status, false},
    {"Assets", asset_info, false},
    {"AssetPairs", asset_pairs, false},
    {"Ticker", ticker, false},

    {"Balance", balance, true},
    {"BalanceEx", balance_ex, true},
    {"CreditLines", credit_lines, true},
    {"TradeBalance", trade_balance, true},
    {"OpenOrders", open_orders, true},
    {"ClosedOrders", closed_orders, true},
    {"QueryOrders", query_orders, true},
    {"OrderAmends", order_amends, true},
    {"TradesHistory", trades_history, true},
    {"QueryTrades", query_trades, true},
    {"OpenPositions", open_positions, true},
    {"Ledgers", ledgers, true},
    {"QueryLedgers", query_ledgers, true},
    {"TradeVolume", trade_volume, true},
    {"GetWebSocketsToken", web_sockets_token, true},

    {"AddOrder", add_order, true},
    {"AddOrderBatch", add_order_batch, true},
    {"AmendOrder", amend_order, true},
    {"EditOrder", edit_order, true},
    {"CancelOrder", cancel_order, true},
    {"CancelOrderBatch", cancel_order_batch, true},
    {"CancelAll", cancel_all, true},
    {"CancelAllOrdersAfter", cancel_all_orders_after, true},
};

}  // namespace

const Endpoint* find_endpoint(std::string_view name) {
    const auto found = std::ranges::find(endpoints, name, &Endpoint::name);
    return found == std::end(endpoints) ? nullptr : found;
}

}  // namespace exchange
