// Orders that wait: stops, take-profits, trailing stops, schedules, expiry, the dead man's switch; and time
// in force.

#include <catch2/catch.hpp>

#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

namespace {

Fields stop(const std::string& kind, const std::string& side, const std::string& price, Fields more = {}) {
    more.insert(
        more.begin(),
        {{"ordertype", kind}, {"type", side}, {"volume", "0.5"}, {"pair", "XBTUSD"}, {"price", price}}
    );
    return more;
}

}  // namespace

TEST_CASE("a stop or take-profit waits for its trigger and then trades at the market") {
    using Row = std::tuple<const char*, const char*, const char*, const char*>;
    const auto [kind, side, trigger, reached] = GENERATE(
        Row{"stop-loss", "sell", "29000", "28999"},
        Row{"stop-loss", "buy", "31000", "31001"},
        Row{"take-profit", "sell", "31000", "31000"},
        Row{"take-profit", "buy", "29000", "29000"}
    );
    CAPTURE(kind, side);
    Bench bench;
    const auto id = bench.place(stop(kind, side, trigger));
    bench.price("XXBTZUSD", "30001");
    CHECK(bench.status(id) == "open");
    bench.price("XXBTZUSD", reached);
    CHECK(bench.status(id) == "closed");
    CHECK(bench.order(id).at("misc") == (std::string(kind) == "stop-loss" ? "stopped" : "touched"));
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a triggered limit rests at its limit price") {
    Bench bench;
    const auto id = bench.place(stop("stop-loss-limit", "sell", "29000", {{"price2", "28990"}}));
    bench.price("XXBTZUSD", "28900");
    CHECK(bench.status(id) == "open");
    CHECK(bench.order(id).at("limitprice") == "28990.00000");
    bench.price("XXBTZUSD", "29100");
    CHECK(bench.status(id) == "closed");
    CHECK(bench.order(id).at("price") == "28990.0");
}

TEST_CASE("a trailing stop follows the best price and fires when it turns") {
    Bench bench;
    const auto id = bench.place(stop("trailing-stop", "sell", "+500"));
    CHECK(bench.order(id).at("stopprice") == "29500.00000");
    bench.price("XXBTZUSD", "31000");
    CHECK(bench.order(id).at("stopprice") == "30500.00000");
    bench.price("XXBTZUSD", "30600");
    CHECK(bench.status(id) == "open");
    bench.price("XXBTZUSD", "30400");
    CHECK(bench.status(id) == "closed");
    CHECK(bench.place(stop("trailing-stop", "sell", "500")) == "EGeneral:Invalid arguments:price");
    CHECK(bench.place(stop("trailing-stop", "sell", "-500")) == "EGeneral:Invalid arguments:price");
}

TEST_CASE("a trailing stop limit takes its limit from the trigger") {
    Bench bench;
    const auto id = bench.place(stop("trailing-stop-limit", "buy", "+1%", {{"price2", "+20"}}));
    bench.price("XXBTZUSD", "29000");
    bench.price("XXBTZUSD", "29300");
    CHECK(bench.status(id) == "closed");
    CHECK(bench.order(id).at("limitprice") == "29310.00000");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a trigger by the index is refused where there is none") {
    Bench bench;
    CHECK(bench.place(stop("stop-loss", "sell", "29000", {{"trigger", "index"}})).starts_with("O"));
    bench.venue.settings().index_unavailable = {"XXBTZUSD"};
    CHECK(
        bench.place(stop("stop-loss", "sell", "29000", {{"trigger", "index"}})) ==
        "EGeneral:Invalid arguments:Index unavailable"
    );
}

TEST_CASE("a triggered market order that cannot be paid any more is canceled") {
    Bench bench;
    const auto id = bench.place(
        {{"ordertype", "stop-loss"},
         {"type", "buy"},
         {"volume", "3.2"},
         {"pair", "XBTUSD"},
         {"price", "31000"}}
    );
    bench.price("XXBTZUSD", "32000");
    CHECK(bench.status(id) == "canceled");
    CHECK(bench.order(id).at("reason") == "Insufficient funds");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a scheduled order is pending until its time, and an expiring one ends at its time") {
    Bench bench;
    const auto later = bench.place(bench.limit("buy", "1", "31000", {{"starttm", "+10"}}));
    const auto ends = bench.place(bench.limit("buy", "1", "29000", {{"expiretm", "+20"}}));
    CHECK(bench.status(later) == "pending");
    bench.now += 9s;
    CHECK(bench.status(later) == "pending");
    bench.now += 1s;
    CHECK(bench.status(later) == "closed");
    bench.now += 9s;
    CHECK(bench.status(ends) == "open");
    bench.now += 1s;
    CHECK(bench.status(ends) == "expired");
    CHECK(bench.order(ends).at("closetm").as_double() == Approx(1'760'000'020.0).epsilon(1e-12));
    CHECK(bench.held("ZUSD") == "0.0000");
}

TEST_CASE("the dead man's switch fires at its time and not when it is renewed or disarmed") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    CHECK(
        bench.text("CancelAllOrdersAfter", {{"timeout", "60"}}) ==
        R"({"currentTime":"2025-10-09T08:53:20Z","triggerTime":"2025-10-09T08:54:20Z"})"
    );
    bench.now += 30s;
    bench.text("CancelAllOrdersAfter", {{"timeout", "60"}});
    bench.now += 59s;
    CHECK(bench.status(id) == "open");
    bench.now += 1s;
    CHECK(bench.status(id) == "canceled");
    const auto other = bench.place(bench.limit("buy", "1", "29000"));
    bench.text("CancelAllOrdersAfter", {{"timeout", "60"}});
    CHECK(
        bench.text("CancelAllOrdersAfter", {{"timeout", "0"}}) ==
        R"({"currentTime":"2025-10-09T08:54:50Z","triggerTime":"0"})"
    );
    bench.now += 600s;
    CHECK(bench.status(other) == "open");
}

TEST_CASE("the dead man's switch takes less than a day, and disarmed it may show no time") {
    Bench bench;
    CHECK(bench.error("CancelAllOrdersAfter", {{"timeout", "86400"}}) == "Invalid timeout argument");
    CHECK(bench.error("CancelAllOrdersAfter", {{"timeout", "-1"}}) == "EGeneral:Invalid arguments:timeout");
    CHECK(bench.error("CancelAllOrdersAfter") == "EGeneral:Invalid arguments:timeout");
    bench.venue.settings().disarmed_trigger_time_absent = true;
    CHECK(
        bench.text("CancelAllOrdersAfter", {{"timeout", "0"}}) == R"({"currentTime":"2025-10-09T08:53:20Z"})"
    );
}

TEST_CASE("IOC fills what it can and FOK all or nothing") {
    Settings settings = Bench::pinned();
    settings.fill_slice = "0.4";
    Bench bench(settings);
    const auto ioc = bench.place(bench.limit("buy", "1", "30000.1", {{"timeinforce", "IOC"}}));
    CHECK(bench.status(ioc) == "canceled");
    CHECK(bench.order(ioc).at("vol_exec") == "0.40000000");
    CHECK(bench.order(ioc).at("misc") == "partial");
    const auto fok = bench.place(bench.limit("buy", "1", "30000.1", {{"timeinforce", "FOK"}}));
    CHECK(bench.status(fok) == "canceled");
    CHECK(bench.order(fok).at("vol_exec") == "0.00000000");
    const auto deep = bench.place(bench.limit("buy", "1", "30100", {{"timeinforce", "FOK"}}));
    CHECK(bench.status(deep) == "closed");
    CHECK(bench.order(deep, {{"trades", "true"}}).at("trades").as_array().size() == 3);
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a resting order fills slice by slice with each price step when the switch is set") {
    Settings settings = Bench::pinned();
    settings.fill_slice = "0.4";
    Bench bench(settings);
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    bench.price("XXBTZUSD", "28990");
    CHECK(bench.order(id).at("vol_exec") == "0.40000000");
    // 0.6 at 29000 and 0.4 %.
    CHECK(bench.held("ZUSD") == "17469.6000");
    bench.price("XXBTZUSD", "28990");
    CHECK(bench.order(id).at("vol_exec") == "0.80000000");
    bench.price("XXBTZUSD", "28990");
    CHECK(bench.status(id) == "closed");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a post-only order that would cross is refused, or accepted and canceled, as the switch says") {
    Bench bench;
    const auto crossing = bench.limit("buy", "1", "30000.1", {{"oflags", "post"}});
    CHECK(bench.place(crossing) == "EOrder:Post only order");
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 1'000);
    CHECK(bench.place(bench.limit("buy", "1", "30000.0", {{"oflags", "post"}})).starts_with("O"));
    bench.venue.settings().post_only_crossing = Settings::PostOnlyCrossing::accept_then_cancel;
    const auto id = bench.place(crossing);
    CHECK(bench.status(id) == "canceled");
    CHECK(bench.order(id).at("reason") == "Post only order");
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 3'000);
    bench.venue.settings().post_only_reject_costs_cancel = true;
    bench.place(crossing);
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 12'000);
    bench.venue.settings().post_only_crossing = Settings::PostOnlyCrossing::refuse;
    bench.place(crossing);
    CHECK(bench.venue.trading_counter("alice", "XBTUSD", bench.now) == 21'000);
    CHECK(bench.place(bench.market("buy", "1", {{"oflags", "post"}})) == "EGeneral:Invalid arguments:oflags");
}

TEST_CASE("self trade prevention cancels the newest, the oldest or both") {
    const auto type = GENERATE(as<std::string>(), "cancel-newest", "cancel-oldest", "cancel-both");
    CAPTURE(type);
    Bench bench;
    const auto resting = bench.place(bench.limit("buy", "1", "30000.0"));
    const auto incoming = bench.place(bench.limit("sell", "1", "30000.0", {{"stptype", type}}));
    CHECK(bench.status(resting) == (type == "cancel-newest" ? "open" : "canceled"));
    CHECK(bench.status(incoming) == (type == "cancel-oldest" ? "open" : "canceled"));
    CHECK(bench.balance("XXBT") == "10.0000000000");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("an iceberg shows a part of at least a fifteenth and fills part by part") {
    Bench bench;
    const Fields fields = {
        {"ordertype", "iceberg"}, {"type", "buy"}, {"volume", "1.5"}, {"pair", "XBTUSD"}, {"price", "29000"}
    };
    const auto with = [&](const char* shown) {
        Fields all = fields;
        all.emplace_back("displayvol", shown);
        return bench.place(all);
    };
    CHECK(bench.place(fields) == "EGeneral:Invalid arguments:displayvol");
    CHECK(with("0.09") == "EGeneral:Invalid arguments:displayvol");
    CHECK(with("1.6") == "EGeneral:Invalid arguments:displayvol");
    const auto id = with("0.5");
    const auto bids = bench.result("Level3", {{"pair", "XBTUSD"}, {"depth", "0"}}).at("bids").as_array();
    const auto mine = std::find_if(bids.begin(), bids.end(), [&](const auto& row) {
        return row.at("order_id").as_string() == id;
    });
    REQUIRE(mine != bids.end());
    CHECK(mine->at("qty") == "0.50000000");
    bench.price("XXBTZUSD", "28990");
    CHECK(bench.order(id).at("vol_exec") == "0.50000000");
}

TEST_CASE("volume in quote currency buys for that money") {
    Bench bench;
    const auto id = bench.place(bench.market("buy", "300", {{"oflags", "viqc,fciq"}}));
    const auto order = bench.order(id);
    CHECK(order.at("vol") == "300.00000000");
    CHECK(order.at("status") == "closed");
    CHECK(order.at("oflags") == "fciq,viqc");
    CHECK(bench.balance("XXBT") == "10.0099999600");
    CHECK(
        bench.place(bench.market("sell", "300", {{"oflags", "viqc"}})) == "EGeneral:Invalid arguments:oflags"
    );
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("fees are taken in base or quote as asked") {
    Bench bench;
    bench.place(bench.market("buy", "1", {{"oflags", "fcib"}}));
    CHECK(bench.balance("XXBT") == "10.9960000000");
    CHECK(bench.balance("ZUSD") == "69999.9000");
    bench.place(bench.market("sell", "1", {{"oflags", "fciq"}}));
    CHECK(bench.balance("XXBT") == "9.9960000000");
    // 69999.9 + 29999.9 - 0.35 % (the volume of the first trade reached the next tier).
    CHECK(bench.balance("ZUSD") == "99894.8004");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a conditional close is placed in the opposite direction when its order fills") {
    Bench bench;
    const auto answer = bench.result(
        "AddOrder",
        bench.limit("buy", "1", "29000", {{"close[ordertype]", "take-profit"}, {"close[price]", "31000"}})
    );
    CHECK(answer.at("descr").at("close") == "close position @ take profit 31000.0");
    CHECK(bench.result("OpenOrders").at("open").as_object().size() == 1);
    bench.price("XXBTZUSD", "28990");
    const auto open = bench.result("OpenOrders").at("open").as_object();
    REQUIRE(open.size() == 1);
    const auto& close = open.begin()->value();
    CHECK(close.at("descr").at("order") == "sell 1.00000000 XBTUSD @ take profit 31000.0");
    CHECK(close.at("refid") == answer.at("txid").at(0));
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a resting order that another client fills gets its conditional close too") {
    Bench bench;
    bench.place(bench.limit("buy", "1", "30000.0", {{"close[ordertype]", "limit"}, {"close[price]", "31000"}})
    );
    bench.as("bob");
    bench.place(bench.market("sell", "1"));
    bench.as("alice");
    const auto open = bench.result("OpenOrders").at("open").as_object();
    REQUIRE(open.size() == 1);
    CHECK(open.begin()->value().at("descr").at("order") == "sell 1.00000000 XBTUSD @ limit 31000.0");
}

TEST_CASE("iceberg as conditional close is a switch") {
    Bench bench;
    const auto fields =
        bench.limit("buy", "1", "29000", {{"close[ordertype]", "iceberg"}, {"close[price]", "31000"}});
    CHECK(bench.place(fields) == "EGeneral:Invalid arguments:close[ordertype]");
    bench.venue.settings().accept_iceberg_close = true;
    CHECK(bench.place(fields).starts_with("O"));
    CHECK(
        bench.place(bench.limit("buy", "1", "29000", {{"close[ordertype]", "market"}})) ==
        "EGeneral:Invalid arguments:close[ordertype]"
    );
    CHECK(
        bench.place(bench.limit(
            "buy",
            "1",
            "29000",
            {{"close[ordertype]", "limit"}, {"close[surprise]", "1"}, {"close[price]", "1"}}
        )) == "EGeneral:Invalid arguments:close[surprise]"
    );
}

TEST_CASE(
    "nothing trades in post-only, cancel-only or maintenance mode, and a switch that came due fires on return"
) {
    const auto mode = GENERATE(as<std::string>(), "post_only", "cancel_only", "maintenance");
    CAPTURE(mode);
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "29000"));
    bench.venue.settings().system_status = mode;
    bench.price("XXBTZUSD", "28000");
    bench.price("XXBTZUSD", "30000");
    bench.venue.settings().system_status = "online";
    CHECK(bench.status(id) == "open");
    bench.text("CancelAllOrdersAfter", {{"timeout", "10"}});
    bench.venue.settings().system_status = "maintenance";
    bench.now += 60s;
    bench.venue.advance(bench.now);
    bench.venue.settings().system_status = "online";
    bench.now += 1s;
    CHECK(bench.status(id) == "canceled");
}

TEST_CASE("a scheduled order whose time comes while nothing trades is canceled") {
    Bench bench;
    const auto id = bench.place(bench.limit("buy", "1", "31000", {{"starttm", "+10"}}));
    bench.venue.settings().pair_status["XXBTZUSD"] = "cancel_only";
    bench.now += 10s;
    CHECK(bench.status(id) == "canceled");
    CHECK(bench.held("ZUSD") == "0.0000");
}

TEST_CASE("a trailing stop whose limit falls to nothing is canceled when it fires") {
    Bench bench;
    const auto id = bench.place(stop("trailing-stop-limit", "sell", "+10", {{"price2", "-29995"}}));
    bench.price("XXBTZUSD", "20000");
    CHECK(bench.status(id) == "canceled");
    CHECK(bench.order(id).at("reason") == "Invalid price");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a clock moved far ahead still brings what was due, quickly") {
    Settings settings;
    Bench bench(settings);
    const auto resting = bench.place(bench.limit("buy", "0.01", "-25%"));
    const auto ending = bench.place(bench.limit("buy", "0.01", "-30%", {{"expiretm", "+86400"}}));
    bench.now += std::chrono::days(365);
    CHECK(bench.status(ending) == "expired");
    CHECK(bench.status(resting) == "open");
    bench.now -= std::chrono::days(364);
    CHECK(bench.status(resting) == "open");
}
