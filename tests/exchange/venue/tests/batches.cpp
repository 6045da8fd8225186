// Batches, cancels, amends and edits.

#include <catch2/catch.hpp>

#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

namespace {

Param row(const Fields& fields) {
    Param object{Param::Kind::object, "", {}, {}};
    for (const auto& [name, value] : fields)
        object.members.emplace_back(name, Param{Param::Kind::text, value, {}, {}});
    return object;
}

Fields buy(const std::string& volume, const std::string& price) {
    return {{"ordertype", "limit"}, {"type", "buy"}, {"volume", volume}, {"price", price}};
}

Params batch(const std::vector<Fields>& rows, const Fields& more = {}) {
    Params params = form({{"pair", "XBTUSD"}});
    Param orders{Param::Kind::array, "", {}, {}};
    for (const auto& fields : rows)
        orders.items.push_back(row(fields));
    params.emplace_back("orders", orders);
    for (auto& field : form(more))
        params.push_back(field);
    return params;
}

}  // namespace

TEST_CASE("a batch places its rows in order, and lack of funds refuses only the row that lacks them") {
    Bench bench;
    const Answer answer =
        bench.ask("AddOrderBatch", batch({buy("1", "29000"), buy("9", "29000"), buy("0.5", "29000")}));
    REQUIRE(answer.errors.empty());
    const auto rows = boost::json::parse(answer.result).at("orders").as_array();
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].at("txid").is_string());
    CHECK(rows[0].at("descr").at("order") == "buy 1.00000000 XBTUSD @ limit 29000.0");
    CHECK(boost::json::serialize(rows[1]) == R"({"error":"EOrder:Insufficient funds"})");
    CHECK(rows[2].at("txid").is_string());
    CHECK(bench.venue.orders_executed("alice") == 2);
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 1'500);
}

TEST_CASE("one wrong row refuses the whole batch") {
    Bench bench;
    const auto error = [&](const std::vector<Fields>& rows, const Fields& more = {}) {
        const Answer answer = bench.ask("AddOrderBatch", batch(rows, more));
        return answer.errors.empty() ? "" : answer.errors.front();
    };
    CHECK(error({buy("1", "29000"), buy("1", "29000.01")}) == "EOrder:Invalid price");
    CHECK(error({buy("1", "29000"), buy("x", "29000")}) == "EGeneral:Invalid arguments:volume");
    CHECK(error({buy("1", "29000")}) == "EGeneral:Invalid arguments:orders");
    CHECK(error(std::vector<Fields>(16, buy("0.001", "29000"))) == "EGeneral:Invalid arguments:orders");
    Fields with_pair = buy("1", "29000");
    with_pair.emplace_back("pair", "XBTUSD");
    CHECK(error({buy("1", "29000"), with_pair}) == "EGeneral:Invalid arguments:pair");
    CHECK(
        error({buy("1", "29000"), buy("1", "29000")}, {{"deadline", "2025-10-09T08:53:20Z"}}) ==
        "EService:Deadline elapsed"
    );
    CHECK(error({}) == "EGeneral:Invalid arguments:orders");
    CHECK(bench.venue.orders_executed("alice") == 0);
    CHECK(error(std::vector<Fields>(15, buy("0.001", "29000"))).empty());
}

TEST_CASE("a batch can be validated, and can come as form fields with brackets") {
    Bench bench;
    const auto fields = Fields{
        {"pair", "XBTUSD"},
        {"validate", "true"},
        {"orders[0][ordertype]", "limit"},
        {"orders[0][type]", "buy"},
        {"orders[0][volume]", "1"},
        {"orders[0][price]", "29000"},
        {"orders[1][ordertype]", "market"},
        {"orders[1][type]", "sell"},
        {"orders[1][volume]", "2"},
    };
    CHECK(
        bench.text("AddOrderBatch", fields) ==
        R"({"orders":[{"descr":{"order":"buy 1.00000000 XBTUSD @ limit 29000.0"}},{"descr":{"order":"sell 2.00000000 XBTUSD @ market"}}]})"
    );
    CHECK(bench.venue.orders_executed("alice") == 0);
    CHECK(
        bench.error("AddOrderBatch", {{"pair", "XBTUSD"}, {"orders[7][type]", "buy"}}) ==
        "EGeneral:Invalid arguments:orders[7][type]"
    );
}

TEST_CASE("a cancel names an order id, a userref or a client order id, and exactly one of them") {
    Bench bench;
    for (int i = 0; i < 3; ++i)
        bench.place(bench.limit("buy", "0.1", "29000", {{"userref", "7"}}));
    bench.place(bench.limit("buy", "0.1", "29000", {{"userref", "8"}}));
    bench.place(bench.limit("buy", "0.1", "29000", {{"cl_ord_id", "mine"}}));
    CHECK(bench.text("CancelOrder", {{"txid", "7"}}) == R"({"count":3})");
    CHECK(bench.text("CancelOrder", {{"cl_ord_id", "mine"}}) == R"({"count":1})");
    CHECK(bench.error("CancelOrder") == "EGeneral:Invalid arguments:txid");
    CHECK(
        bench.error("CancelOrder", {{"txid", "8"}, {"cl_ord_id", "x"}}) ==
        "EGeneral:Invalid arguments:cl_ord_id"
    );
    CHECK(bench.text("CancelAll") == R"({"count":1})");
    CHECK(bench.text("CancelAll") == R"({"count":0})");
}

TEST_CASE("the text for a dead order is a switch") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "0.1", "29000"));
    bench.text("CancelOrder", {{"txid", id}});
    CHECK(bench.error("CancelOrder", {{"txid", id}}) == "EOrder:Unknown order");
    bench.venue.settings().dead_order_text = "EOrder:Invalid order";
    CHECK(bench.error("CancelOrder", {{"txid", id}}) == "EOrder:Invalid order");
    CHECK(bench.error("CancelOrder", {{"txid", "OAAAAA-BBBBB-CCCCCC"}}) == "EOrder:Invalid order");
}

TEST_CASE("a batch cancel takes up to fifty ids of every kind and counts what it canceled") {
    Bench bench;
    const auto a = bench.place(bench.limit("buy", "0.1", "29000"));
    bench.place(bench.limit("buy", "0.1", "29000", {{"userref", "9"}}));
    bench.place(bench.limit("buy", "0.1", "29000", {{"cl_ord_id", "c"}}));
    CHECK(
        bench.text(
            "CancelOrderBatch", {{"orders", a + ",9,OAAAAA-BBBBB-CCCCCC," + a}, {"cl_ord_ids", "c"}}
        ) == R"({"count":3})"
    );
    std::string many = "1";
    for (int i = 0; i < 50; ++i)
        many += ",1";
    CHECK(bench.error("CancelOrderBatch", {{"orders", many}}) == "EGeneral:Invalid arguments:orders");
    CHECK(bench.error("CancelOrderBatch") == "EGeneral:Invalid arguments:orders");
}

TEST_CASE("an amend keeps the id, changes what it may and is listed") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000", {{"cl_ord_id", "mine"}}));
    const auto amended =
        bench.result("AmendOrder", {{"cl_ord_id", "mine"}, {"order_qty", "2"}, {"limit_price", "28000"}});
    CHECK(amended.at("amend_id").as_string().starts_with("T"));
    const auto order = bench.order(id);
    CHECK(order.at("vol") == "2.00000000");
    CHECK(order.at("descr").at("price") == "28000.0");
    CHECK(order.at("misc") == "amended");
    CHECK(bench.held("ZUSD") == "56224.0000");
    const auto amends = bench.result("OrderAmends", {{"order_id", id}});
    CHECK(amends.at("count") == 2);
    CHECK(amends.at("amends").at(0).at("amend_type") == "original");
    CHECK(amends.at("amends").at(1).at("limit_price") == "28000.0");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("an amend that changes nothing, lacks money, crosses as post-only or names no open order is refused"
) {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    const auto amend = [&](Fields more) {
        more.emplace_back("txid", id);
        return bench.error("AmendOrder", more);
    };
    CHECK(amend({{"order_qty", "1"}}) == "EOrder:No amendable parameters");
    CHECK(amend({}) == "EOrder:No amendable parameters");
    CHECK(amend({{"order_qty", "4"}}) == "EOrder:Insufficient funds");
    CHECK(amend({{"limit_price", "31000"}, {"post_only", "true"}}) == "EOrder:Post only order");
    CHECK(amend({{"limit_price", "29000.01"}}) == "EOrder:Invalid price");
    CHECK(amend({{"trigger_price", "29000"}}) == "EGeneral:Invalid arguments:trigger_price");
    CHECK(amend({{"display_qty", "0.5"}}) == "EGeneral:Invalid arguments:display_qty");
    CHECK(amend({{"order_qty", "0.00001"}}) == "EGeneral:Invalid arguments:volume minimum not met");
    CHECK(amend({{"cl_ord_id", "x"}, {"order_qty", "2"}}) == "EGeneral:Invalid arguments:cl_ord_id");
    CHECK(bench.error("AmendOrder", {{"order_qty", "2"}}) == "EGeneral:Invalid arguments:txid");
    CHECK(bench.held("ZUSD") == "29116.0000");
    bench.text("CancelOrder", {{"txid", id}});
    CHECK(amend({{"order_qty", "2"}}) == "EOrder:Unknown order");
}

TEST_CASE("an amend to a crossing price trades at once") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    CHECK(bench.error("AmendOrder", {{"txid", id}, {"limit_price", "+5%"}}).empty());
    CHECK(bench.status(id) == "closed");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("an edit replaces the order under a new id") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000", {{"userref", "3"}}));
    const auto edit = bench.result(
        "EditOrder",
        {{"txid", "3"}, {"pair", "XBTUSD"}, {"volume", "0.5"}, {"price", "28000"}, {"userref", "4"}}
    );
    CHECK(edit.at("status") == "ok");
    CHECK(edit.at("originaltxid") == boost::json::value(id));
    CHECK(edit.at("volume") == "0.50000000");
    CHECK(edit.at("price") == "28000.0");
    CHECK(edit.at("orders_cancelled") == 1);
    CHECK(edit.at("newuserref") == 4);
    CHECK(edit.at("olduserref") == 3);
    CHECK(bench.status(id) == "canceled");
    CHECK(bench.status(std::string(edit.at("txid").as_string())) == "open");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("an edit keeps what an amend had changed") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "-1000"));
    bench.text("AmendOrder", {{"txid", id}, {"limit_price", "28000"}});
    bench.price("XXBTZUSD", "29500");
    const auto edit = bench.result("EditOrder", {{"txid", id}, {"pair", "XBTUSD"}, {"volume", "0.5"}});
    CHECK(edit.at("price") == "28000.0");
    CHECK(bench.held("ZUSD") == "14056.0000");
}

TEST_CASE("an edit that fails leaves the old order as it was") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    CHECK(
        bench.error("EditOrder", {{"txid", id}, {"pair", "XBTUSD"}, {"volume", "9"}}) ==
        "EOrder:Insufficient funds"
    );
    CHECK(bench.status(id) == "open");
    CHECK(bench.held("ZUSD") == "29116.0000");
    CHECK(
        bench.error("EditOrder", {{"txid", id}, {"pair", "ETHUSD"}, {"volume", "2"}}) ==
        "EOrder:Unknown order"
    );
    CHECK(bench.error("EditOrder", {{"pair", "XBTUSD"}}) == "EGeneral:Invalid arguments:txid");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("orders with a client order id, a conditional close or a fired trigger cannot be edited") {
    Bench bench;
    const auto error = [&](const std::string& id) {
        return bench.error("EditOrder", {{"txid", id}, {"pair", "XBTUSD"}, {"volume", "0.4"}});
    };
    const auto named = bench.place(bench.limit("buy", "0.5", "29000", {{"cl_ord_id", "c"}}));
    const auto closing = bench.place(
        bench.limit("buy", "0.5", "29000", {{"close[ordertype]", "limit"}, {"close[price]", "31000"}})
    );
    const auto fired = bench.place(
        {{"ordertype", "stop-loss-limit"},
         {"type", "buy"},
         {"volume", "0.5"},
         {"pair", "XBTUSD"},
         {"price", "30100"},
         {"price2", "29500"}}
    );
    bench.price("XXBTZUSD", "30200");
    CHECK(error(named) == "EOrder:Invalid order");
    CHECK(error(closing) == "EOrder:Invalid order");
    bench.venue.settings().edit_not_allowed_text = "EOrder:Not editable";
    CHECK(error(fired) == "EOrder:Not editable");
}

TEST_CASE("an edit below the executed volume is refused, above it the rest is placed") {
    Settings settings = Bench::pinned();
    settings.fill_slice = "0.5";
    Bench bench(settings);
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    bench.price("XXBTZUSD", "28990");
    bench.price("XXBTZUSD", "30000");
    CHECK(
        bench.error("EditOrder", {{"txid", id}, {"pair", "XBTUSD"}, {"volume", "0.4"}}) ==
        "EGeneral:Invalid arguments:volume"
    );
    CHECK(
        bench.result("EditOrder", {{"txid", id}, {"pair", "XBTUSD"}, {"volume", "0.7"}}).at("volume") ==
        "0.20000000"
    );
    CHECK(bench.order(id).at("vol_exec") == "0.50000000");
}

TEST_CASE("system and pair modes refuse what they do not allow") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "0.1", "29000"));
    bench.venue.settings().system_status = "cancel_only";
    CHECK(bench.place(bench.limit("buy", "0.1", "29000")) == "EService:Market in cancel_only mode");
    bench.venue.settings().system_status = "post_only";
    CHECK(bench.place(bench.limit("buy", "0.1", "29000")) == "EService:Market in post_only mode");
    CHECK(bench.place(bench.limit("buy", "0.1", "29000", {{"oflags", "post"}})).starts_with("O"));
    bench.venue.settings().system_status = "maintenance";
    CHECK(bench.error("CancelOrder", {{"txid", id}}) == "EService:Unavailable");
    CHECK(bench.error("Balance") == "EService:Unavailable");
    CHECK(bench.result("SystemStatus").at("status") == "maintenance");
    bench.venue.settings().system_status = "online";
    bench.venue.settings().pair_status["XXBTZUSD"] = "cancel_only";
    CHECK(bench.place(bench.limit("buy", "0.1", "29000")) == "EService:Market in cancel_only mode");
    CHECK(bench.result("AssetPairs", {{"pair", "XBTUSD"}}).at("XXBTZUSD").at("status") == "cancel_only");
    CHECK(bench.text("CancelOrder", {{"txid", id}}) == R"({"count":1})");
}
