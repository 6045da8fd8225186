#include "protocol/endpoints.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace krakken::protocol {

namespace {

constexpr Endpoint market(std::string_view name) {
    return {name, EndpointKind::public_, Effect::read, "", 0, true};
}

constexpr Endpoint read(std::string_view name, std::string_view permission, unsigned cost = 1) {
    return {name, EndpointKind::private_, Effect::read, permission, cost, true};
}

// Orders are counted by the trading engine, not by the REST counter.
constexpr Endpoint cancel(std::string_view name, std::string_view permission, unsigned cost = 0) {
    return {name, EndpointKind::private_, Effect::cancel, permission, cost, true};
}

constexpr Endpoint place(std::string_view name, std::string_view permission) {
    return {name, EndpointKind::private_, Effect::place, permission, 0, false};
}

constexpr Endpoint fund(std::string_view name, std::string_view permission) {
    return {name, EndpointKind::private_, Effect::fund, permission, 1, false};
}

constexpr Endpoint other(std::string_view name, std::string_view permission, bool repeatable) {
    return {name, EndpointKind::private_, Effect::other, permission, 1, repeatable};
}

constexpr auto table = std::to_array<Endpoint>({
    market("Time"),
    market("SystemStatus"),
    market("Assets"),
    market("AssetPairs"),
    market("Ticker"),
    market("OHLC"),
    market("Depth"),
    market("GroupedBook"),
    market("Trades"),
    market("Spread"),
    market("PreTrade"),
    market("PostTrade"),

    read("Balance", "query-funds"),
    read("BalanceEx", "query-funds"),
    read("CreditLines", "query-funds"),
    read("TradeBalance", "query-open-trades"),
    read("OpenOrders", "query-open-trades"),
    read("ClosedOrders", "query-closed-trades", 2),
    read("QueryOrders", "query-open-trades|query-closed-trades"),
    read("OrderAmends", "query-open-trades|query-closed-trades"),
    read("TradesHistory", "query-closed-trades", 2),
    read("QueryTrades", "query-closed-trades", 2),
    read("OpenPositions", "query-open-trades"),
    read("Ledgers", "query-ledger", 2),
    read("QueryLedgers", "query-ledger", 2),
    read("TradeVolume", "query-funds"),
    other("AddExport", "export-data", false),
    read("ExportStatus", "export-data"),
    read("RetrieveExport", "export-data"),
    other("RemoveExport", "export-data", true),
    // Its answer holds the API key in full, which no message may; account.validate tells the rest of it.
    {"GetApiKeyInfo", EndpointKind::private_, Effect::token, "", 1, true},
    read("Level3", "query-open-trades"),

    place("AddOrder", "modify-trades"),
    place("AddOrderBatch", "modify-trades+close-trades"),
    place("AmendOrder", "modify-trades|close-trades"),
    place("EditOrder", "modify-trades+close-trades"),
    cancel("CancelOrder", "modify-trades|close-trades"),
    cancel("CancelAll", "modify-trades|close-trades", 1),
    cancel("CancelAllOrdersAfter", "modify-trades|close-trades", 1),
    cancel("CancelOrderBatch", "modify-trades|close-trades"),
    {"GetWebSocketsToken", EndpointKind::private_, Effect::token, "create-ws-token", 1, true},
    place("AddStrategy", "modify-trades"),
    cancel("CancelStrategy", "close-trades"),
    read("QueryStrategies", "query-open-trades"),
    read("GetOpenStrategies", "query-open-trades"),
    read("GetClosedStrategies", "query-closed-trades"),

    read("DepositMethods", "query-funds+add-funds"),
    other("DepositAddresses", "query-funds", false),  // new=true makes an address
    read("DepositStatus", "query-funds"),
    read("WithdrawMethods", "query-funds+withdraw-funds"),
    read("WithdrawAddresses", "query-funds+withdraw-funds"),
    read("WithdrawInfo", "query-funds+withdraw-funds"),
    fund("Withdraw", "withdraw-funds"),
    read("WithdrawStatus", "withdraw-funds|query-ledger"),
    fund("WithdrawCancel", "withdraw-funds"),
    fund("WalletTransfer", "query-funds"),
    other("CreateSubaccount", "withdraw-funds", false),
    fund("AccountTransfer", "withdraw-funds"),

    fund("Earn/Allocate", "earn-funds"),
    fund("Earn/Deallocate", "earn-funds"),
    read("Earn/AllocateStatus", "earn-funds|query-funds"),
    read("Earn/DeallocateStatus", "earn-funds|query-funds"),
    read("Earn/Strategies", ""),
    read("Earn/Allocations", "query-funds"),
});

constexpr auto titles = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"query-funds", "Funds permissions - Query"},
    {"add-funds", "Funds permissions - Deposit"},
    {"withdraw-funds", "Funds permissions - Withdraw"},
    {"earn-funds", "Funds permissions - Earn"},
    {"query-open-trades", "Orders and trades - Query open orders & trades"},
    {"query-closed-trades", "Orders and trades - Query closed orders & trades"},
    {"modify-trades", "Orders and trades - Create & modify orders"},
    {"close-trades", "Orders and trades - Cancel & close orders"},
    {"query-ledger", "Data - Query ledger entries"},
    {"export-data", "Data - Export data"},
    {"create-ws-token", "WebSocket interface - On"},
});

}  // namespace

std::span<const Endpoint> endpoints() {
    return table;
}

const Endpoint* find_endpoint(std::string_view name) {
    const auto found = std::ranges::find(table, name, &Endpoint::name);
    return found == table.end() ? nullptr : &*found;
}

std::string_view name(EndpointKind kind) {
    return kind == EndpointKind::public_ ? "public" : "private";
}

std::string_view name(Effect effect) {
    switch (effect) {
        case Effect::read:
            return "read";
        case Effect::cancel:
            return "cancel";
        case Effect::place:
            return "place";
        case Effect::fund:
            return "fund";
        case Effect::token:
            return "token";
        case Effect::other:
            return "other";
    }
    std::unreachable();
}

std::string path_of(const Endpoint& endpoint) {
    return "/0/" + std::string(name(endpoint.kind)) + "/" + std::string(endpoint.name);
}

std::string permission_titles(std::string_view permission) {
    std::string text;
    while (!permission.empty()) {
        const std::size_t end = permission.find_first_of("+|");
        const auto title =
            std::ranges::find(titles, permission.substr(0, end), &decltype(titles)::value_type::first);
        text += '"';
        text += title == titles.end() ? permission.substr(0, end) : title->second;
        text += '"';
        if (end == std::string_view::npos) break;
        text += permission[end] == '+' ? " and " : " or ";
        permission.remove_prefix(end + 1);
    }
    return text;
}

}  // namespace krakken::protocol
