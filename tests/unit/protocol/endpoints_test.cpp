#include "protocol/endpoints.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

namespace {

using namespace krakken::protocol;

}  // namespace

TEST_CASE("endpoint names are unlike each other and found as they are written") {
    std::set<std::string_view> names;
    for (const auto& endpoint : endpoints()) {
        CAPTURE(endpoint.name);
        CHECK(names.insert(endpoint.name).second);
        CHECK(find_endpoint(endpoint.name) == &endpoint);
    }
    for (const auto* unknown :
         {"", "balance", "BALANCE", "Balance ", "Earn", "0/private/Balance", "../Balance"}) {
        CAPTURE(unknown);
        CHECK(find_endpoint(unknown) == nullptr);
    }
}

namespace {

// Every endpoint that Kraken documents for spot REST, in the order of its documentation.
// clang-format off
const std::vector<Endpoint> documented{
    {"Time", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"SystemStatus", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"Assets", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"AssetPairs", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"Ticker", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"OHLC", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"Depth", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"GroupedBook", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"Trades", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"Spread", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"PreTrade", EndpointKind::public_, Effect::read, Right::none, "", 0, true},
    {"PostTrade", EndpointKind::public_, Effect::read, Right::none, "", 0, true},

    {"Balance", EndpointKind::private_, Effect::read, Right::read, "query-funds", 1, true},
    {"BalanceEx", EndpointKind::private_, Effect::read, Right::read, "query-funds", 1, true},
    {"CreditLines", EndpointKind::private_, Effect::read, Right::read, "query-funds", 1, true},
    {"TradeBalance", EndpointKind::private_, Effect::read, Right::read, "query-open-trades", 1, true},
    {"OpenOrders", EndpointKind::private_, Effect::read, Right::read, "query-open-trades", 1, true},
    {"ClosedOrders", EndpointKind::private_, Effect::read, Right::read, "query-closed-trades", 2, true},
    {"QueryOrders", EndpointKind::private_, Effect::read, Right::read, "query-open-trades|query-closed-trades", 1, true},
    {"OrderAmends", EndpointKind::private_, Effect::read, Right::read, "query-open-trades|query-closed-trades", 1, true},
    {"TradesHistory", EndpointKind::private_, Effect::read, Right::read, "query-closed-trades", 2, true},
    {"QueryTrades", EndpointKind::private_, Effect::read, Right::read, "query-closed-trades", 2, true},
    {"OpenPositions", EndpointKind::private_, Effect::read, Right::read, "query-open-trades", 1, true},
    {"Ledgers", EndpointKind::private_, Effect::read, Right::read, "query-ledger", 2, true},
    {"QueryLedgers", EndpointKind::private_, Effect::read, Right::read, "query-ledger", 2, true},
    {"TradeVolume", EndpointKind::private_, Effect::read, Right::read, "query-funds", 1, true},
    {"AddExport", EndpointKind::private_, Effect::other, Right::export_, "export-data", 1, false},
    {"ExportStatus", EndpointKind::private_, Effect::read, Right::export_, "export-data", 1, true},
    {"RetrieveExport", EndpointKind::private_, Effect::read, Right::export_, "export-data", 1, true, Body::flat, true},
    {"RemoveExport", EndpointKind::private_, Effect::other, Right::export_, "export-data", 1, true},
    {"GetApiKeyInfo", EndpointKind::private_, Effect::token, Right::nobody, "", 1, true},
    {"Level3", EndpointKind::private_, Effect::read, Right::read, "query-open-trades", 1, true, Body::json},

    {"AddOrder", EndpointKind::private_, Effect::place, Right::trade, "modify-trades", 0, false},
    {"AddOrderBatch", EndpointKind::private_, Effect::place, Right::trade, "modify-trades+close-trades", 1, false, Body::json},
    {"AmendOrder", EndpointKind::private_, Effect::place, Right::trade, "modify-trades|close-trades", 1, false},
    {"EditOrder", EndpointKind::private_, Effect::place, Right::trade, "modify-trades+close-trades", 1, false},
    {"CancelOrder", EndpointKind::private_, Effect::cancel, Right::cancel, "modify-trades|close-trades", 0, true},
    {"CancelAll", EndpointKind::private_, Effect::cancel, Right::cancel_all, "modify-trades|close-trades", 1, true},
    {"CancelAllOrdersAfter", EndpointKind::private_, Effect::cancel, Right::cancel_all, "modify-trades|close-trades", 1, true},
    {"CancelOrderBatch", EndpointKind::private_, Effect::cancel, Right::cancel, "modify-trades|close-trades", 1, true, Body::json},
    {"GetWebSocketsToken", EndpointKind::private_, Effect::token, Right::stream, "create-ws-token", 1, true},
    {"AddStrategy", EndpointKind::private_, Effect::place, Right::trade, "modify-trades", 1, false},
    {"CancelStrategy", EndpointKind::private_, Effect::cancel, Right::cancel, "close-trades", 1, true},
    {"QueryStrategies", EndpointKind::private_, Effect::read, Right::read, "query-open-trades|query-closed-trades", 1, true},
    {"GetOpenStrategies", EndpointKind::private_, Effect::read, Right::read, "query-open-trades", 1, true},
    {"GetClosedStrategies", EndpointKind::private_, Effect::read, Right::read, "query-closed-trades", 1, true},

    {"DepositMethods", EndpointKind::private_, Effect::read, Right::read, "query-funds+add-funds", 1, true},
    {"DepositAddresses", EndpointKind::private_, Effect::other, Right::deposit, "query-funds", 1, false, Body::flat, false, "new"},
    {"DepositStatus", EndpointKind::private_, Effect::read, Right::read, "query-funds", 1, true},
    {"WithdrawMethods", EndpointKind::private_, Effect::read, Right::read, "query-funds+withdraw-funds", 1, true},
    {"WithdrawAddresses", EndpointKind::private_, Effect::read, Right::read, "query-funds+withdraw-funds", 1, true},
    {"WithdrawInfo", EndpointKind::private_, Effect::read, Right::read, "query-funds+withdraw-funds", 1, true},
    {"Withdraw", EndpointKind::private_, Effect::fund, Right::withdraw, "withdraw-funds", 1, false},
    {"WithdrawStatus", EndpointKind::private_, Effect::read, Right::read, "withdraw-funds|query-ledger", 1, true},
    {"WithdrawCancel", EndpointKind::private_, Effect::fund, Right::withdraw, "withdraw-funds", 1, false},
    {"WalletTransfer", EndpointKind::private_, Effect::fund, Right::transfer, "query-funds", 1, false},
    {"CreateSubaccount", EndpointKind::private_, Effect::other, Right::transfer, "withdraw-funds", 1, false},
    {"AccountTransfer", EndpointKind::private_, Effect::fund, Right::transfer, "withdraw-funds", 1, false},

    {"Earn/Allocate", EndpointKind::private_, Effect::fund, Right::earn, "earn-funds", 1, false},
    {"Earn/Deallocate", EndpointKind::private_, Effect::fund, Right::earn, "earn-funds", 1, false},
    {"Earn/AllocateStatus", EndpointKind::private_, Effect::read, Right::read, "earn-funds|query-funds", 1, true},
    {"Earn/DeallocateStatus", EndpointKind::private_, Effect::read, Right::read, "earn-funds|query-funds", 1, true},
    {"Earn/Strategies", EndpointKind::private_, Effect::read, Right::read, "", 1, true},
    {"Earn/Allocations", EndpointKind::private_, Effect::read, Right::read, "query-funds", 1, true},
};
// clang-format on

}  // namespace

TEST_CASE("the table holds what Kraken documents, and nothing else") {
    for (const Endpoint& expected : documented) {
        CAPTURE(expected.name);
        const Endpoint* endpoint = find_endpoint(expected.name);
        REQUIRE(endpoint);
        CHECK(endpoint->kind == expected.kind);
        CHECK(endpoint->effect == expected.effect);
        CHECK(endpoint->right == expected.right);
        CHECK(endpoint->permission == expected.permission);
        CHECK(endpoint->cost == expected.cost);
        CHECK(endpoint->repeatable == expected.repeatable);
        CHECK(endpoint->body == expected.body);
        CHECK(endpoint->answers_file == expected.answers_file);
        CHECK(endpoint->acting_parameter == expected.acting_parameter);
    }
    CHECK(endpoints().size() == documented.size());
}

TEST_CASE("what moves an order or funds is never repeated, what reads always may be") {
    for (const auto& endpoint : endpoints()) {
        CAPTURE(endpoint.name);
        if (endpoint.effect == Effect::place || endpoint.effect == Effect::fund)
            CHECK_FALSE(endpoint.repeatable);
        if (endpoint.effect == Effect::read) CHECK(endpoint.repeatable);
    }
}

TEST_CASE("a call whose acting parameter is off is a read, of the same name") {
    for (const auto& endpoint : endpoints()) {
        CAPTURE(endpoint.name);
        const Endpoint& idle = without_acting(endpoint);
        if (endpoint.acting_parameter.empty()) {
            CHECK(&idle == &endpoint);
            continue;
        }
        CHECK_FALSE(endpoint.repeatable);
        CHECK(idle.name == endpoint.name);
        CHECK(idle.kind == endpoint.kind);
        CHECK(idle.effect == Effect::read);
        CHECK(idle.repeatable);
        CHECK(idle.cost == endpoint.cost);
    }
}

TEST_CASE("paths are what is signed") {
    CHECK(path_of(*find_endpoint("Balance")) == "/0/private/Balance");
    CHECK(path_of(*find_endpoint("Ticker")) == "/0/public/Ticker");
    CHECK(path_of(*find_endpoint("Earn/Strategies")) == "/0/private/Earn/Strategies");
}

TEST_CASE("names of kinds and effects are those of the contract") {
    CHECK(name(EndpointKind::public_) == "public");
    CHECK(name(EndpointKind::private_) == "private");
    CHECK(name(Effect::read) == "read");
    CHECK(name(Effect::cancel) == "cancel");
    CHECK(name(Effect::place) == "place");
    CHECK(name(Effect::fund) == "fund");
    CHECK(name(Effect::token) == "token");
    for (const Right right : grantable_rights())
        CHECK(parse_right(name(right)) == right);
    CHECK(name(Right::cancel_all) == "cancel-all");
    for (const char* none : {"none", "nobody", "", "Read", "cancel_all"})
        CHECK_FALSE(parse_right(none));
    CHECK(name(Effect::other) == "other");
}

TEST_CASE("permissions are told by the titles of Kraken's page") {
    CHECK(permission_titles("").empty());
    CHECK(permission_titles("query-funds") == "\"Funds permissions - Query\"");
    CHECK(
        permission_titles("query-funds+add-funds") ==
        "\"Funds permissions - Query\" and \"Funds permissions - Deposit\""
    );
    CHECK(
        permission_titles("modify-trades|close-trades") ==
        "\"Orders and trades - Create & modify orders\" or \"Orders and trades - Cancel & close orders\""
    );
    for (const auto& endpoint : endpoints()) {
        CAPTURE(endpoint.name);
        // Every permission has a title: an untitled one would show its bare name.
        const std::string titles = permission_titles(endpoint.permission);
        CHECK(titles.find("-funds\"") == std::string::npos);
        CHECK(titles.find("-trades\"") == std::string::npos);
        CHECK(std::ranges::count(titles, '"') % 2 == 0);
    }
}

TEST_CASE("a key may call what its permissions allow") {
    struct Row {
        std::vector<std::string> permissions;
        std::string_view needed;
        bool may;
    };
    const auto& [permissions, needed, may] = GENERATE(
        as<Row>(),
        Row{{}, "", true},
        Row{{}, "query-funds", false},
        Row{{"query-funds"}, "query-funds", true},
        Row{{"query"}, "query-funds", false},
        Row{{"modify-trades"}, "modify-trades+close-trades", false},
        Row{{"close-trades"}, "modify-trades+close-trades", false},
        Row{{"close-trades", "modify-trades"}, "modify-trades+close-trades", true},
        Row{{"modify-trades"}, "modify-trades|close-trades", true},
        Row{{"close-trades"}, "modify-trades|close-trades", true},
        Row{{"query-funds"}, "modify-trades|close-trades", false}
    );
    CAPTURE(permissions, needed);
    CHECK(permits(permissions, needed) == may);
    for (const auto& endpoint : endpoints())
        CHECK_FALSE((endpoint.permission.contains('+') && endpoint.permission.contains('|')));
}
