#include "tests/exchange/admission/endpoints.hpp"

#include <algorithm>
#include <array>

namespace exchange::front {

namespace {

// clang-format off
constexpr auto endpoints = std::to_array<Endpoint>({
    {"Balance", "query-funds"},
    {"BalanceEx", "query-funds"},
    {"CreditLines", "query-funds"},
    {"TradeBalance", "query-open-trades", 1, "query-funds"},
    {"OpenOrders", "query-open-trades"},
    {"ClosedOrders", "query-closed-trades"},
    {"QueryOrders", "query-open-trades|query-closed-trades"}, // which orders it shows is the venue's part
    {"OrderAmends", "query-open-trades|query-closed-trades"},
    {"TradesHistory", "query-closed-trades", 2, "query-open-trades|query-closed-trades"},
    {"QueryTrades", "query-closed-trades", 1, "query-open-trades|query-closed-trades"},
    {"OpenPositions", "query-open-trades"},
    {"Ledgers", "query-ledger", 2},
    {"QueryLedgers", "query-ledger", 2},
    {"TradeVolume", "query-funds"},
    {"AddExport", "export-data", 1},
    {"ExportStatus", "export-data"},
    {"RetrieveExport", "export-data"},
    {"RemoveExport", "export-data", 1},
    {"GetApiKeyInfo", ""},
    {"Level3", "query-open-trades"},
    // Only AddOrder and CancelOrder are named as free of the REST counter; the others pay until a source says otherwise.
    {"AddOrder", "modify-trades", 0},
    {"AddOrderBatch", "modify-trades+close-trades", 1},
    {"AmendOrder", "modify-trades|close-trades", 1},
    {"EditOrder", "modify-trades+close-trades", 1},
    {"CancelOrder", "modify-trades|close-trades", 0},
    {"CancelAll", "modify-trades|close-trades", 1},
    {"CancelAllOrdersAfter", "modify-trades|close-trades", 1},
    {"CancelOrderBatch", "modify-trades|close-trades", 1},
    {"GetWebSocketsToken", "create-ws-token"},
    {"AddStrategy", "modify-trades", 1},
    {"CancelStrategy", "close-trades", 1},
    {"QueryStrategies", "query-open-trades|query-closed-trades"},
    {"GetOpenStrategies", "query-open-trades"},
    {"GetClosedStrategies", "query-closed-trades"},
    {"DepositMethods", "query-funds+add-funds"},
    {"DepositAddresses", "query-funds"},
    {"DepositStatus", "query-funds"},
    {"WithdrawMethods", "query-funds+withdraw-funds"},
    {"WithdrawAddresses", "query-funds+withdraw-funds"},
    {"WithdrawInfo", "query-funds+withdraw-funds"},
    {"Withdraw", "withdraw-funds", 1},
    {"WithdrawStatus", "withdraw-funds|query-ledger"},
    {"WithdrawCancel", "withdraw-funds", 1},
    {"WalletTransfer", "query-funds", 1},
    {"CreateSubaccount", "withdraw-funds", 1},
    {"AccountTransfer", "withdraw-funds", 1},
    {"Earn/Allocate", "earn-funds", 1},
    {"Earn/Deallocate", "earn-funds", 1},
    {"Earn/AllocateStatus", "earn-funds|query-funds"},
    {"Earn/DeallocateStatus", "earn-funds|query-funds"},
    {"Earn/Strategies", ""},
    {"Earn/Allocations", "query-funds"},
});

constexpr auto public_endpoints = std::to_array<std::string_view>({
    "Time", "SystemStatus", "Assets", "AssetPairs", "Ticker", "OHLC", "Depth", "GroupedBook", "Trades", "Spread", "PreTrade",
    "PostTrade",
});

constexpr auto permissions = std::to_array<std::string_view>({
    "query-funds", "add-funds", "withdraw-funds", "earn-funds", "query-open-trades", "query-closed-trades", "modify-trades",
    "close-trades", "query-ledger", "export-data", "create-ws-token", "add-withdraw-address", "update-withdraw-address",
});
// clang-format on

bool text_is(const Params& params, std::string_view name, std::string_view text) {
    for (const auto& [present, value] : params) {
        if (present == name) return value.text == text;
    }
    return false;
}

std::string_view cut(std::string_view& rest, char separator) {
    const auto end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return part;
}

bool grants(std::string_view formula, const std::vector<std::string>& granted) {
    while (!formula.empty()) {
        std::string_view choices = cut(formula, '+');
        bool one = false;
        while (!choices.empty())
            one |= contains(granted, cut(choices, '|'));
        if (!one) return false;
    }
    return true;
}

}  // namespace

std::span<const Endpoint> private_endpoints() {
    return endpoints;
}

const Endpoint* find_private(std::string_view name) {
    const auto found = std::ranges::find(endpoints, name, &Endpoint::name);
    return found == endpoints.end() ? nullptr : &*found;
}

bool is_public(std::string_view name) {
    return std::ranges::find(public_endpoints, name) != public_endpoints.end();
}

std::int64_t rest_cost(const Endpoint& endpoint, const Switches& switches) {
    const auto other = switches.rest_cost.find(std::string(endpoint.name));
    return other == switches.rest_cost.end() ? endpoint.cost : other->second;
}

bool permits(
    const Endpoint& endpoint,
    const Params& params,
    const std::vector<std::string>& granted,
    const Switches& switches
) {
    const bool overview = switches.permission_table == "overview" && !endpoint.overview.empty();
    if (!grants(overview ? endpoint.overview : endpoint.needs, granted)) return false;
    const bool new_address = endpoint.name == "DepositAddresses" && text_is(params, "new", "true");
    return !new_address || !switches.new_address_needs_add_funds || contains(granted, "add-funds");
}

bool is_permission(std::string_view name) {
    return std::ranges::find(permissions, name) != permissions.end();
}

}  // namespace exchange::front
