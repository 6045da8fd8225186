// Whatever a client sends, it gets an answer or a refusal, and the books stay in order.

#include <catch2/catch.hpp>
#include <random>

#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

namespace {

const std::vector<std::string> endpoints = {
    "Time",
    "SystemStatus",
    "Assets",
    "AssetPairs",
    "Ticker",
    "OHLC",
    "Depth",
    "GroupedBook",
    "Trades",
    "Spread",
    "PreTrade",
    "PostTrade",
    "Balance",
    "BalanceEx",
    "CreditLines",
    "TradeBalance",
    "OpenOrders",
    "ClosedOrders",
    "QueryOrders",
    "OrderAmends",
    "TradesHistory",
    "QueryTrades",
    "OpenPositions",
    "Ledgers",
    "QueryLedgers",
    "TradeVolume",
    "AddExport",
    "ExportStatus",
    "RetrieveExport",
    "RemoveExport",
    "Level3",
    "GetWebSocketsToken",
    "AddOrder",
    "AddOrderBatch",
    "AmendOrder",
    "EditOrder",
    "CancelOrder",
    "CancelOrderBatch",
    "CancelAll",
    "CancelAllOrdersAfter",
    "DepositMethods",
    "DepositAddresses",
    "DepositStatus",
    "WithdrawMethods",
    "WithdrawAddresses",
    "WithdrawInfo",
    "Withdraw",
    "WithdrawStatus",
    "WithdrawCancel",
    "WalletTransfer",
    "CreateSubaccount",
    "AccountTransfer",
    "Earn/Strategies",
    "Earn/Allocations",
    "Earn/Allocate",
    "Earn/Deallocate",
    "Earn/AllocateStatus",
    "Earn/DeallocateStatus",
};

const std::vector<std::string> names = {
    "pair",
    "asset",
    "volume",
    "price",
    "price2",
    "ordertype",
    "type",
    "start",
    "end",
    "since",
    "ofs",
    "txid",
    "userref",
    "cl_ord_id",
    "starttm",
    "expiretm",
    "deadline",
    "timeout",
    "count",
    "depth",
    "interval",
    "amount",
    "key",
    "cursor",
    "limit",
    "orders[0][price]",
    "orders[]",
    "close[",
    "close[price]",
    "orders",
    "id",
    "symbol",
    "from",
    "to",
    "order_qty",
    "limit_price",
    "leverage",
    "timeinforce",
    "oflags",
    "strategy_id",
    "report",
    "description",
    "displayvol",
    "[",
    "",
};

const std::vector<std::string> values = {
    "",
    "0",
    "-1",
    "1",
    "5",
    "60",
    "1e9999",
    "999999999999",
    "0.000000000001",
    "99999999999999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "4000000000",
    "9000000000",
    "100000000000",
    "+4000000000",
    "XBTUSD",
    "ETHXBT",
    "ZUSD",
    "XBT",
    "buy",
    "sell",
    "limit",
    "market",
    "stop-loss",
    "trailing-stop",
    "true",
    "%",
    "+",
    "#0%",
    "+999999999999%",
    "-100%",
    "2262-04-12T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2025- 1-01T00:00:00Z",
    "2025-10-09T08:53:30.+5Z",
    ",",
    "a,b",
    "GTD",
    "IOC",
    "viqc",
    "trades",
    "Spot Wallet",
    "Futures Wallet",
    "\xff\xfe",
    "\"}",
    "[[[[",
    "10:1",
};

}  // namespace

TEST_CASE("garbage is answered or refused, never more") {
    std::mt19937 random(GENERATE(1U, 2U, 3U));
    Bench bench;
    bench.venue.settings().refuse_unknown_parameters = false;
    const auto any = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
    std::size_t answered = 0;
    for (int i = 0; i < 800; ++i) {
        Fields fields = {
            {"pair", "XBTUSD"},
            {"volume", "0.01"},
            {"ordertype", any(values)},
            {"type", "buy"},
            {"asset", "XBT"}
        };
        for (auto more = random() % 5; more > 0; --more) {
            const auto name = any(names);
            std::erase_if(fields, [&](const auto& field) { return field.first == name; });
            fields.emplace_back(name, any(values));
        }
        bench.now += 500ms;
        const auto endpoint = any(endpoints);
        CAPTURE(endpoint, fields);
        Answer answer;
        REQUIRE_NOTHROW(answer = bench.ask(endpoint, fields));
        REQUIRE(answer.errors.empty() != answer.result.empty());
        answered += answer.errors.empty();
    }
    CHECK(answered > 80);
    CHECK(bench.venue.audit() == std::vector<std::string>{});
}

TEST_CASE("a moment is written as RFC3339 says, digit by digit") {
    Bench bench;
    for (const char* wrong :
         {"2025- 1-09T08:53:30Z",
          "2025-10-09 08:53:30Z",
          "2025-10-09T08:53:30",
          "2025-02-30T08:53:30Z",
          "2025-10-09T24:53:30Z",
          "2025-10-09T08:53:30.Z",
          "2025-10-09T08:53:30+2:00",
          "9999-10-09T08:53:30Z"}) {
        CAPTURE(wrong);
        CHECK(
            bench.place(bench.limit("buy", "0.001", "29000", {{"deadline", wrong}})) ==
            "EGeneral:Invalid arguments:deadline"
        );
    }
}
