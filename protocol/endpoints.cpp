#include "protocol/endpoints.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace krakken::protocol {

namespace {

constexpr Endpoint market(std::string_view name) {
    return {name, EndpointKind::public_, Effect::read, Right::none, "", 0, true};
}

constexpr Endpoint read(std::string_view name, std::string_view permission, unsigned cost = 1) {
    return {name, EndpointKind::private_, Effect::read, Right::read, permission, cost, true};
}

constexpr Endpoint cancel(std::string_view name, std::string_view permission, unsigned cost = 1) {
    return {name, EndpointKind::private_, Effect::cancel, Right::cancel, permission, cost, true};
}

constexpr Endpoint place(std::string_view name, std::string_view permission, unsigned cost = 1) {
    return {name, EndpointKind::private_, Effect::place, Right::trade, permission, cost, false};
}

constexpr Endpoint fund(std::string_view name, Right right, std::string_view permission) {
    return {name, EndpointKind::private_, Effect::fund, right, permission, 1, false};
}

constexpr Endpoint token(std::string_view name, Right right, std::string_view permission) {
    return {name, EndpointKind::private_, Effect::token, right, permission, 1, true};
}

constexpr Endpoint other(std::string_view name, Right right, std::string_view permission, bool repeatable) {
    return {name, EndpointKind::private_, Effect::other, right, permission, 1, repeatable};
}

constexpr Endpoint granted_as(Right right, Endpoint endpoint) {
    endpoint.right = right;
    return endpoint;
}

constexpr Endpoint as_json(Endpoint endpoint) {
    endpoint.body = Body::json;
    return endpoint;
}

constexpr Endpoint file(Endpoint endpoint) {
    endpoint.answers_file = true;
    return endpoint;
}

constexpr Endpoint acting_by(std::string_view parameter, Endpoint endpoint) {
    endpoint.acting_parameter = parameter;
    return endpoint;
}

// Costs: Kraken names only AddOrder and CancelOrder as free of the REST counter, and ledger and trade history
// as double. What else it may leave to the trading engine alone is counted here too: a budget that is too
// careful waits, one that is not is locked out.
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
    other("AddExport", Right::export_, "export-data", false),
    granted_as(Right::export_, read("ExportStatus", "export-data")),
    file(granted_as(Right::export_, read("RetrieveExport", "export-data"))),
    other("RemoveExport", Right::export_, "export-data", true),
    // Its answer holds the API key in full, which no message may; account.validate tells the rest of it.
    token("GetApiKeyInfo", Right::nobody, ""),
    as_json(read("Level3", "query-open-trades")),

    place("AddOrder", "modify-trades", 0),
    as_json(place("AddOrderBatch", "modify-trades+close-trades")),
    place("AmendOrder", "modify-trades|close-trades"),
    place("EditOrder", "modify-trades+close-trades"),
    cancel("CancelOrder", "modify-trades|close-trades", 0),
    granted_as(Right::cancel_all, cancel("CancelAll", "modify-trades|close-trades")),
    granted_as(Right::cancel_all, cancel("CancelAllOrdersAfter", "modify-trades|close-trades")),
    as_json(cancel("CancelOrderBatch", "modify-trades|close-trades")),
    token("GetWebSocketsToken", Right::stream, "create-ws-token"),
    place("AddStrategy", "modify-trades"),
    cancel("CancelStrategy", "close-trades"),
    read("QueryStrategies", "query-open-trades|query-closed-trades"),
    read("GetOpenStrategies", "query-open-trades"),
    read("GetClosedStrategies", "query-closed-trades"),

    read("DepositMethods", "query-funds+add-funds"),
    acting_by("new", other("DepositAddresses", Right::deposit, "query-funds", false)),
    read("DepositStatus", "query-funds"),
    read("WithdrawMethods", "query-funds+withdraw-funds"),
    read("WithdrawAddresses", "query-funds+withdraw-funds"),
    read("WithdrawInfo", "query-funds+withdraw-funds"),
    fund("Withdraw", Right::withdraw, "withdraw-funds"),
    read("WithdrawStatus", "withdraw-funds|query-ledger"),
    fund("WithdrawCancel", Right::withdraw, "withdraw-funds"),
    fund("WalletTransfer", Right::transfer, "query-funds"),
    other("CreateSubaccount", Right::transfer, "withdraw-funds", false),
    fund("AccountTransfer", Right::transfer, "withdraw-funds"),

    fund("Earn/Allocate", Right::earn, "earn-funds"),
    fund("Earn/Deallocate", Right::earn, "earn-funds"),
    read("Earn/AllocateStatus", "earn-funds|query-funds"),
    read("Earn/DeallocateStatus", "earn-funds|query-funds"),
    read("Earn/Strategies", ""),
    read("Earn/Allocations", "query-funds"),
});

// What is left of the rows above when their acting parameter is off.
constexpr auto idle = std::to_array<Endpoint>({
    read("DepositAddresses", "query-funds"),
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

const Endpoint& without_acting(const Endpoint& endpoint) {
    const auto row = std::ranges::find(idle, endpoint.name, &Endpoint::name);
    return row == idle.end() ? endpoint : *row;
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

std::string_view name(Right right) {
    switch (right) {
        case Right::none:
            return "none";
        case Right::read:
            return "read";
        case Right::trade:
            return "trade";
        case Right::cancel:
            return "cancel";
        case Right::cancel_all:
            return "cancel-all";
        case Right::export_:
            return "export";
        case Right::stream:
            return "stream";
        case Right::earn:
            return "earn";
        case Right::deposit:
            return "deposit";
        case Right::withdraw:
            return "withdraw";
        case Right::transfer:
            return "transfer";
        case Right::nobody:
            return "nobody";
    }
    std::unreachable();
}

std::span<const Right> grantable_rights() {
    static constexpr auto rights = std::to_array<Right>(
        {Right::read,
         Right::trade,
         Right::cancel,
         Right::cancel_all,
         Right::export_,
         Right::stream,
         Right::earn,
         Right::deposit,
         Right::withdraw,
         Right::transfer}
    );
    return rights;
}

std::optional<Right> parse_right(std::string_view text) {
    const auto rights = grantable_rights();
    const auto found = std::ranges::find(rights, text, [](Right right) { return name(right); });
    if (found == rights.end()) return std::nullopt;
    return *found;
}

std::string path_of(const Endpoint& endpoint) {
    return "/0/" + std::string(name(endpoint.kind)) + "/" + std::string(endpoint.name);
}

// No row joins with both signs.
bool permits(std::span<const std::string> permissions, std::string_view permission) {
    while (!permission.empty()) {
        const std::size_t end = permission.find_first_of("+|");
        const bool has = std::ranges::find(permissions, permission.substr(0, end)) != permissions.end();
        if (end == std::string_view::npos) return has;
        if (has == (permission[end] == '|')) return has;
        permission.remove_prefix(end + 1);
    }
    return true;
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
