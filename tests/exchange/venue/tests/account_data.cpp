// What an account sees of its money, orders and trades.

#include <catch2/catch.hpp>
#include <set>

#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

TEST_CASE("balances show the decimals of their asset") {
    Bench bench;
    CHECK(bench.text("Balance") == R"({"XETH":"50.0000000000","XXBT":"10.0000000000","ZUSD":"100000.0000"})");
    bench.place(bench.limit("sell", "0.5", "31000", {{"oflags", "fciq"}}));
    CHECK(
        boost::json::serialize(bench.result("BalanceEx").at("XXBT")) ==
        R"({"balance":"10.0000000000","hold_trade":"0.5000000000"})"
    );
    CHECK(bench.error("Balance", {{"rebase_multiplier", "base"}}).empty());
    CHECK(
        bench.error("Balance", {{"rebase_multiplier", "both"}}) ==
        "EGeneral:Invalid arguments:rebase_multiplier"
    );
}

TEST_CASE("identifiers have Kraken's shapes and are unique") {
    Bench bench;
    std::set<std::string> seen;
    for (int i = 0; i < 30; ++i) {
        const auto id = bench.place(bench.market("buy", "0.01"));
        REQUIRE(id.size() == 19);
        CHECK(id[0] == 'O');
        CHECK(id[6] == '-');
        CHECK(id[12] == '-');
        CHECK(seen.insert(id).second);
    }
    for (const auto& trade : bench.result("TradesHistory").at("trades").as_object())
        CHECK(trade.key().starts_with("T"));
    for (const auto& line : bench.result("Ledgers").at("ledger").as_object())
        CHECK(line.key().starts_with("L"));
}

TEST_CASE("a new order stays out of sight for as long as the switch says") {
    Bench bench;
    bench.venue.settings().order_shown_after = 3s;
    const auto open = bench.place(bench.limit("buy", "0.1", "29000", {{"cl_ord_id", "mine"}}));
    const auto closed = bench.place(bench.market("buy", "0.1"));
    CHECK(bench.text("OpenOrders") == R"({"open":{}})");
    CHECK(bench.text("ClosedOrders") == R"({"closed":{},"count":0})");
    CHECK(bench.error("QueryOrders", {{"txid", open}}) == "EOrder:Invalid order");
    bench.now += 3s;
    CHECK(bench.result("OpenOrders", {{"cl_ord_id", "mine"}}).at("open").as_object().size() == 1);
    CHECK(bench.result("ClosedOrders").at("count") == 1);
    CHECK(bench.status(closed) == "closed");
}

TEST_CASE("open and closed orders are filtered by userref and client order id") {
    Bench bench;
    const auto a = bench.place(bench.limit("buy", "0.1", "29000", {{"userref", "5"}}));
    bench.place(bench.limit("buy", "0.1", "29000", {{"cl_ord_id", "mine"}}));
    CHECK(bench.result("OpenOrders", {{"userref", "5"}}).at("open").as_object().size() == 1);
    CHECK(bench.result("OpenOrders", {{"cl_ord_id", "mine"}}).at("open").as_object().size() == 1);
    CHECK(bench.result("OpenOrders", {{"cl_ord_id", "other"}}).at("open").as_object().empty());
    bench.text("CancelOrder", {{"txid", a}});
    CHECK(bench.result("ClosedOrders", {{"userref", "5"}}).at("count") == 1);
    CHECK(bench.result("ClosedOrders", {{"userref", "6"}}).at("count") == 0);
}

TEST_CASE("closed orders come newest first, fifty a page, between exclusive start and inclusive end") {
    Bench bench(Bench::pinned(), Tier::pro);
    std::vector<std::string> ids;
    for (int i = 0; i < 60; ++i) {
        ids.push_back(bench.place(bench.market("buy", "0.001")));
        bench.now += 1s;
    }
    const auto first = bench.result("ClosedOrders");
    CHECK(first.at("count") == 60);
    CHECK(first.at("closed").as_object().size() == 50);
    CHECK(first.at("closed").as_object().begin()->key() == ids.back());
    CHECK(bench.result("ClosedOrders", {{"ofs", "50"}}).at("closed").as_object().size() == 10);
    CHECK(bench.result("ClosedOrders", {{"start", ids[54]}}).at("count") == 5);
    CHECK(bench.result("ClosedOrders", {{"start", ids[50]}, {"end", ids[54]}}).at("count") == 4);
    CHECK(bench.result("ClosedOrders", {{"end", "1760000000"}, {"closetime", "open"}}).at("count") == 1);
    CHECK_FALSE(bench.result("ClosedOrders", {{"without_count", "true"}}).as_object().contains("count"));
    CHECK(bench.error("ClosedOrders", {{"start", "yesterday"}}) == "EGeneral:Invalid arguments:start");
    CHECK(bench.error("ClosedOrders", {{"closetime", "never"}}) == "EGeneral:Invalid arguments:closetime");
}

TEST_CASE("an order can be queried with the permission that fits its state") {
    Bench bench;
    const auto open = bench.place(bench.limit("buy", "0.1", "29000"));
    const auto closed = bench.place(bench.market("buy", "0.1"));
    bench.caller.permissions = {"query-open-trades"};
    CHECK(bench.error("QueryOrders", {{"txid", open}}).empty());
    CHECK(bench.error("QueryOrders", {{"txid", closed}}) == "EGeneral:Permission denied");
    bench.caller.permissions = {"query-closed-trades"};
    CHECK(bench.error("QueryOrders", {{"txid", open}}) == "EGeneral:Permission denied");
    CHECK(bench.error("OrderAmends", {{"order_id", open}}) == "EGeneral:Permission denied");
    CHECK(bench.error("QueryOrders", {{"txid", closed}}).empty());
    bench.venue.settings().unknown_query_text = "EOrder:Unknown order";
    CHECK(bench.error("QueryOrders", {{"txid", "OAAAAA-BBBBB-CCCCCC"}}) == "EOrder:Unknown order");
    CHECK(bench.error("QueryOrders") == "EGeneral:Invalid arguments:txid");
}

TEST_CASE("a trade names its order, its ledger lines and its figures") {
    Bench bench;
    const auto id = bench.place(bench.market("buy", "0.02"));
    const auto trades = bench.result("TradesHistory", {{"ledgers", "true"}}).at("trades").as_object();
    REQUIRE(trades.size() == 1);
    const auto& trade = trades.begin()->value();
    CHECK(trade.at("ordertxid") == boost::json::value(id));
    CHECK(trade.at("pair") == "XXBTZUSD");
    CHECK(trade.at("price") == "30000.10000");
    CHECK(trade.at("cost") == "600.00200");
    CHECK(trade.at("fee") == "2.40000");
    CHECK(trade.at("vol") == "0.02000000");
    CHECK(trade.at("maker") == false);
    const auto line = std::string(trade.at("ledgers").at(1).as_string());
    const auto ledger = bench.result("QueryLedgers", {{"id", line}}).at(line);
    CHECK(ledger.at("amount") == "-600.0020");
    CHECK(ledger.at("fee") == "2.4000");
    CHECK(ledger.at("balance") == "99397.5980");
    CHECK(ledger.at("refid") == boost::json::value(std::string(trades.begin()->key())));
    CHECK(
        bench.result("QueryTrades", {{"txid", std::string(trades.begin()->key())}}).as_object().size() == 1
    );
    CHECK(bench.error("QueryTrades", {{"txid", "TAAAAA-BBBBB-CCCCCC"}}) == "EGeneral:Invalid arguments:txid");
    bench.as("bob");
    CHECK(bench.error("QueryLedgers", {{"id", line}}) == "EGeneral:Invalid arguments:id");
}

TEST_CASE("ledgers are filtered by asset and type and paged") {
    Bench bench;
    for (int i = 0; i < 30; ++i)
        bench.place(bench.market("buy", "0.001"));
    bench.venue.deposit("alice", "XBT", "1.5", bench.now);
    CHECK(bench.result("Ledgers").at("count") == 61);
    CHECK(bench.result("Ledgers").at("ledger").as_object().size() == 50);
    CHECK(bench.result("Ledgers", {{"asset", "USD"}}).at("count") == 30);
    CHECK(bench.result("Ledgers", {{"type", "deposit"}}).at("count") == 1);
    CHECK(bench.error("Ledgers", {{"type", "gift"}}) == "EGeneral:Invalid arguments:type");
    CHECK(bench.error("Ledgers", {{"asset", "MOON"}}) == "EQuery:Unknown asset");
}

TEST_CASE("trade volume raises the tier, and fees without pair are absent or null") {
    Bench bench;
    bench.place(bench.market("buy", "1"));
    const auto with = bench.result("TradeVolume", {{"pair", "XBTUSD"}});
    CHECK(with.at("volume") == "30000.1000");
    CHECK(with.at("fees").at("XXBTZUSD").at("fee") == "0.3500");
    CHECK(with.at("fees").at("XXBTZUSD").at("nextvolume") == "50000.0000");
    CHECK(with.at("fees_maker").at("XXBTZUSD").at("maxfee") == "0.2500");
    CHECK_FALSE(bench.result("TradeVolume").as_object().contains("fees"));
    bench.venue.settings().trade_volume_without_pair = Settings::FeesWithoutPair::null;
    CHECK(bench.result("TradeVolume").at("fees").is_null());
    bench.now += std::chrono::days(31);
    CHECK(bench.result("TradeVolume").at("volume") == "0.0000");
}

TEST_CASE("trade volume takes its pairs as a list of objects too") {
    Bench bench;
    const auto fees =
        bench
            .result(
                "TradeVolume",
                {{"pair[0][asset]", "XBTUSD"}, {"pair[0][aclass]", "forex"}, {"pair[1][asset]", "ETHUSD"}}
            )
            .at("fees");
    CHECK(fees.as_object().size() == 2);
    CHECK(bench.error("TradeVolume", {{"pair[0][asset]", "XBTMOON"}}) == "EQuery:Unknown asset pair");
    CHECK(
        bench.error("TradeVolume", {{"pair[0][aclass]", "forex"}}) == "EGeneral:Invalid arguments:pair[asset]"
    );
}

TEST_CASE("credit lines are for accounts that have them") {
    Bench bench;
    CHECK(bench.text("CreditLines") == "null");
    bench.venue.settings().credit_lines = true;
    CHECK(bench.result("CreditLines").at("limits_monitor").at("total_collateral_value_usd") == "500000.00");
}

TEST_CASE("a margin order opens a position that an opposite one closes with its gain") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000", {{"leverage", "2:1"}}));
    CHECK(
        bench.order(id).at("descr").at("order") == "buy 1.00000000 XBTUSD @ limit 29000.0 with 2:1 leverage"
    );
    bench.price("XXBTZUSD", "28990");
    bench.price("XXBTZUSD", "30000");
    CHECK(bench.balance("ZUSD") == "99927.5000");
    const auto positions = bench.result("OpenPositions", {{"docalcs", "true"}}).as_object();
    REQUIRE(positions.size() == 1);
    CHECK(positions.begin()->value().at("margin") == "14500.00000");
    CHECK(positions.begin()->value().at("net") == "+1000.0000");
    CHECK(bench.result("TradeBalance").at("m") == "14500.0000");
    bench.place(bench.market("sell", "0", {{"leverage", "2"}}));
    CHECK(bench.text("OpenPositions") == "{}");
    // 29999.9 - 29000 less 0.35 % of 29999.9.
    CHECK(bench.balance("ZUSD") == "100822.4004");
    CHECK(bench.balance("XXBT") == "10.0000000000");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("margin orders are refused without collateral, position, leverage or permission") {
    Bench bench;
    CHECK(bench.place(bench.market("sell", "0", {{"leverage", "2"}})) == "EOrder:Unknown position");
    CHECK(bench.place(bench.market("buy", "40", {{"leverage", "2"}})) == "EOrder:Margin level too low");
    CHECK(
        bench.place(bench.market("buy", "300", {{"leverage", "2"}})) == "EOrder:Margin position size exceeded"
    );
    CHECK(
        bench.place(bench.market("buy", "1", {{"leverage", "6"}})) == "EGeneral:Invalid arguments:leverage"
    );
    CHECK(
        bench.place(bench.market("buy", "1", {{"leverage", "2"}, {"reduce_only", "true"}})) ==
        "EOrder:Reduce only:No position exists"
    );
    bench.venue.settings().margin_allowed = false;
    CHECK(bench.place(bench.market("buy", "1", {{"leverage", "2"}})) == "EOrder:Cannot open position");
}

TEST_CASE("a loss beyond the quote balance takes all of it and no more") {
    Bench bench;
    bench.place(bench.market("buy", "10", {{"leverage", "2"}}));
    bench.price("XXBTZUSD", "15000");
    bench.place(bench.market("sell", "10", {{"leverage", "2"}}));
    CHECK(bench.text("OpenPositions") == "{}");
    CHECK(bench.balance("ZUSD") == "0.0000");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a reduce-only order closes what there is and drops the rest") {
    Bench bench;
    bench.place(bench.market("buy", "1", {{"leverage", "2"}}));
    const auto id = bench.place(bench.market("sell", "3", {{"leverage", "2"}, {"reduce_only", "true"}}));
    CHECK(bench.status(id) == "canceled");
    CHECK(bench.order(id).at("vol_exec") == "1.00000000");
    CHECK(bench.text("OpenPositions") == "{}");
}

TEST_CASE("a settled position becomes owned") {
    Bench bench;
    bench.place(bench.market("buy", "1", {{"leverage", "2"}}));
    const auto before = bench.balance("ZUSD");
    CHECK(before == "99879.9996");
    const auto id = bench.place(
        {{"ordertype", "settle-position"},
         {"type", "sell"},
         {"volume", "0"},
         {"pair", "XBTUSD"},
         {"leverage", "2"}}
    );
    CHECK(bench.status(id) == "closed");
    CHECK(bench.balance("XXBT") == "11.0000000000");
    CHECK(bench.balance("ZUSD") == "69879.8996");
    CHECK(bench.text("OpenPositions") == "{}");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("an export is queued, processed, fetched as a zip archive and removed") {
    Bench bench;
    bench.place(bench.market("buy", "0.02"));
    const auto id = std::string(
        bench.result("AddExport", {{"report", "trades"}, {"description", "mine"}}).at("id").as_string()
    );
    CHECK(id.size() == 4);
    const auto status = [&] {
        return std::string(bench.result("ExportStatus", {{"report", "trades"}}).at(0).at("status").as_string()
        );
    };
    CHECK(status() == "Queued");
    CHECK(bench.error("RetrieveExport", {{"id", id}}) == "EGeneral:Invalid arguments:id");
    CHECK(bench.error("RemoveExport", {{"id", id}, {"type", "delete"}}) == "EGeneral:Invalid arguments:type");
    bench.now += 1s;
    CHECK(status() == "Processing");
    bench.now += 2s;
    CHECK(status() == "Processed");
    const Answer answer = bench.ask("RetrieveExport", Fields{{"id", id}});
    CHECK(answer.content_type == "application/zip");
    CHECK(answer.result.starts_with("PK\x03\x04"));
    CHECK(answer.result.find("\"XXBTZUSD\"") != std::string::npos);
    CHECK(bench.ask("Balance").content_type == "application/json");
    CHECK(bench.text("RemoveExport", {{"id", id}, {"type", "delete"}}) == R"({"delete":true})");
    CHECK(bench.text("ExportStatus", {{"report", "trades"}}) == "[]");
    const auto other =
        std::string(bench
                        .result("AddExport", {{"report", "ledgers"}, {"description", "x"}, {"format", "TSV"}})
                        .at("id")
                        .as_string());
    CHECK(bench.text("RemoveExport", {{"id", other}, {"type", "cancel"}}) == R"({"cancel":true})");
    CHECK(
        bench.error("AddExport", {{"report", "gossip"}, {"description", "x"}}) ==
        "EGeneral:Invalid arguments:report"
    );
    CHECK(bench.error("AddExport", {{"report", "trades"}}) == "EGeneral:Invalid arguments:description");
}

TEST_CASE("there is no answer to a method nobody has heard of, nor to a private one without a caller") {
    Bench bench;
    CHECK(bench.error("Bilance") == "EGeneral:Unknown method");
    CHECK(bench.error("AddStrategy") == "EGeneral:Unknown method");
    const Params none;
    CHECK(
        bench.venue.answer(Call{"Balance", none, nullptr, bench.now}).errors ==
        std::vector<std::string>{"EGeneral:Unknown method"}
    );
    CHECK(bench.venue.answer(Call{"Time", none, nullptr, bench.now}).errors.empty());
    bench.as("carol");
    CHECK(bench.error("Balance") == "EAuth:Failed");
}

TEST_CASE("a token for the WebSocket lives fifteen minutes") {
    Bench bench;
    const auto token = bench.result("GetWebSocketsToken");
    CHECK(token.at("token").as_string().size() == 43);
    CHECK(token.at("expires") == 900);
}
