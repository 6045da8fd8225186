#include "tests/exchange/venue/endpoints.hpp"

#include <algorithm>

#include "tests/exchange/venue/account_data.hpp"
#include "tests/exchange/venue/earn_calls.hpp"
#include "tests/exchange/venue/exports.hpp"
#include "tests/exchange/venue/funding_calls.hpp"
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
    {"OHLC", ohlc, false},
    {"Depth", depth, false},
    {"GroupedBook", grouped_book, false},
    {"Trades", recent_trades, false},
    {"Spread", recent_spread, false},
    {"PreTrade", pre_trade, false},
    {"PostTrade", post_trade, false},

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
    {"AddExport", add_export, true},
    {"ExportStatus", export_status, true},
    {"RetrieveExport", retrieve_export, true},
    {"RemoveExport", remove_export, true},
    {"Level3", level3, true},
    {"GetWebSocketsToken", web_sockets_token, true},

    {"AddOrder", add_order, true},
    {"AddOrderBatch", add_order_batch, true},
    {"AmendOrder", amend_order, true},
    {"EditOrder", edit_order, true},
    {"CancelOrder", cancel_order, true},
    {"CancelOrderBatch", cancel_order_batch, true},
    {"CancelAll", cancel_all, true},
    {"CancelAllOrdersAfter", cancel_all_orders_after, true},

    {"DepositMethods", deposit_methods, true},
    {"DepositAddresses", deposit_addresses, true},
    {"DepositStatus", deposit_status, true},
    {"WithdrawMethods", withdraw_methods, true},
    {"WithdrawAddresses", withdraw_addresses, true},
    {"WithdrawInfo", withdraw_info, true},
    {"Withdraw", withdraw, true},
    {"WithdrawStatus", withdraw_status, true},
    {"WithdrawCancel", withdraw_cancel, true},
    {"WalletTransfer", wallet_transfer, true},
    {"CreateSubaccount", create_subaccount, true},
    {"AccountTransfer", account_transfer, true},

    {"Earn/Strategies", earn_strategies, true},
    {"Earn/Allocations", earn_allocations, true},
    {"Earn/Allocate", earn_allocate, true},
    {"Earn/Deallocate", earn_deallocate, true},
    {"Earn/AllocateStatus", earn_allocate_status, true},
    {"Earn/DeallocateStatus", earn_deallocate_status, true},
};

}  // namespace

const Endpoint* find_endpoint(std::string_view name) {
    const auto found = std::ranges::find(endpoints, name, &Endpoint::name);
    return found == std::end(endpoints) ? nullptr : found;
}

}  // namespace exchange
