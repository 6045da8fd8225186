// What the words of an order may be.

#include <catch2/catch.hpp>

#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

namespace {

// The refusal of a valid limit order after one field was changed, added, or (empty value) taken away.
std::string refusal(Bench& bench, const std::string& field, const std::string& value) {
    Params params = without(form(bench.limit("buy", "1", "29000")), field);
    if (!value.empty()) params.emplace_back(field, Param{Param::Kind::text, value, {}, {}});
    const Answer answer = bench.ask("AddOrder", params);
    return answer.errors.empty() ? "" : answer.errors.front();
}

}  // namespace

TEST_CASE("each field of an order that is missing or wrong is named in the refusal") {
    Bench bench;
    using Row = std::tuple<std::string, std::string>;
    const auto [field, value] = GENERATE(
        Row{"ordertype", ""},
        Row{"ordertype", "fancy"},
        Row{"type", ""},
        Row{"type", "hold"},
        Row{"volume", ""},
        Row{"volume", "0"},
        Row{"volume", "-1"},
        Row{"volume", "1e-8"},
        Row{"volume", "1.123456789"},
        Row{"price", ""},
        Row{"price", "abc"},
        Row{"price", "5%"},
        Row{"price2", "28000"},
        Row{"pair", ""},
        Row{"trigger", "last"},
        Row{"leverage", "x"},
        Row{"leverage", "9"},
        Row{"reduce_only", "true"},
        Row{"reduce_only", "yes"},
        Row{"stptype", "cancel-all"},
        Row{"oflags", "pots"},
        Row{"oflags", "fcib,fciq"},
        Row{"oflags", "viqc"},
        Row{"timeinforce", "DAY"},
        Row{"starttm", "tomorrow"},
        Row{"starttm", "1000"},
        Row{"expiretm", "+4"},
        Row{"userref", "2147483648"},
        Row{"userref", "1.5"},
        Row{"displayvol", "0.5"},
        Row{"validate", "maybe"},
        Row{"deadline", "soon"},
        Row{"broker", "x"},
        Row{"asset_class", "stone"},
        Row{"cl_ord_id", "nineteen-characters"},
        Row{"surprise", "1"},
        Row{"sender_sub_id", "me"},
        Row{"trading_agreement", "agree"}
    );
    CAPTURE(field, value);
    CHECK(refusal(bench, field, value) == "EGeneral:Invalid arguments:" + field);
    CHECK(bench.venue.orders_executed("alice") == 0);
}

TEST_CASE("GTD needs an end within a month, FOK a limit price, IOC no end") {
    Bench bench;
    CHECK(
        bench.place(bench.limit("buy", "1", "29000", {{"timeinforce", "GTD"}})) ==
        "EGeneral:Invalid arguments:expiretm"
    );
    CHECK(
        bench.place(bench.limit("buy", "1", "29000", {{"timeinforce", "GTD"}, {"expiretm", "+2764800"}})) ==
        "EGeneral:Invalid arguments:expiretm"
    );
    CHECK(bench.place(bench.limit("buy", "1", "29000", {{"timeinforce", "GTD"}, {"expiretm", "+60"}}))
              .starts_with("O"));
    CHECK(
        bench.place(bench.market("buy", "1", {{"timeinforce", "FOK"}})) ==
        "EGeneral:Invalid arguments:timeinforce"
    );
    CHECK(
        bench.place(bench.limit("buy", "1", "29000", {{"timeinforce", "IOC"}, {"expiretm", "+60"}})) ==
        "EGeneral:Invalid arguments:timeinforce"
    );
}

TEST_CASE("a client order id is a UUID, 32 hex digits or up to 18 signs") {
    Bench bench;
    for (const char* good :
         {"6d1b345e-2821-40e2-ad83-4ecb18a06876",
          "da8e4ad59b78481c93e589746b0cf91f",
          "arb-20240509-00010",
          "x"}) {
        CAPTURE(good);
        CHECK(bench.place(bench.limit("buy", "0.001", "29000", {{"cl_ord_id", good}})).starts_with("O"));
    }
    for (const char* bad :
         {"6d1b345e-2821-40e2-ad83-4ecb18a0687",
          "da8e4ad59b78481c93e589746b0cf91g",
          "with blank",
          "arb-20240509-000100"}) {
        CAPTURE(bad);
        CHECK(
            bench.place(bench.limit("buy", "0.001", "29000", {{"cl_ord_id", bad}})) ==
            "EGeneral:Invalid arguments:cl_ord_id"
        );
    }
}

TEST_CASE("a client order id excludes userref and conditional close") {
    Bench bench;
    CHECK(
        bench.place(bench.limit("buy", "1", "29000", {{"cl_ord_id", "a"}, {"userref", "1"}})) ==
        "EGeneral:Invalid arguments:cl_ord_id"
    );
    CHECK(
        bench.place(bench.limit(
            "buy",
            "1",
            "29000",
            {{"cl_ord_id", "a"}, {"close[ordertype]", "limit"}, {"close[price]", "31000"}}
        )) == "EGeneral:Invalid arguments:cl_ord_id"
    );
}

TEST_CASE("a client order id is unique among open orders and free again afterwards") {
    Bench bench;
    const auto fields = bench.limit("buy", "1", "29000", {{"cl_ord_id", "mine"}});
    CHECK(bench.place(fields).starts_with("O"));
    CHECK(bench.place(fields) == "EGeneral:Invalid arguments:cl_ord_id");
    bench.venue.settings().duplicate_cl_ord_id_text = "EOrder:Duplicate cl_ord_id";
    CHECK(bench.place(fields) == "EOrder:Duplicate cl_ord_id");
    CHECK(bench.text("CancelOrder", {{"cl_ord_id", "mine"}}) == R"({"count":1})");
    CHECK(bench.place(fields).starts_with("O"));
}

TEST_CASE("unknown parameters are ignored when the switch says so") {
    Bench bench;
    CHECK(bench.error("Balance", {{"surprise", "1"}}) == "EGeneral:Invalid arguments:surprise");
    bench.venue.settings().refuse_unknown_parameters = false;
    CHECK(bench.error("Balance", {{"surprise", "1"}}).empty());
    CHECK(refusal(bench, "surprise", "1").empty());
}

TEST_CASE("sender_sub_id and trading_agreement are taken when the switches say so") {
    Bench bench;
    bench.venue.settings().accept_sender_sub_id = true;
    bench.venue.settings().accept_trading_agreement = true;
    const auto id = bench.place(
        bench.limit("buy", "1", "29000", {{"sender_sub_id", "me"}, {"trading_agreement", "agree"}})
    );
    CHECK(bench.order(id).at("sender_sub_id") == "me");
}

TEST_CASE("a field given twice is refused") {
    Bench bench;
    CHECK(
        bench.error("AddOrder", bench.limit("buy", "1", "29000", {{"price", "29000"}})) ==
        "EGeneral:Invalid arguments:price"
    );
}

TEST_CASE("tick, decimals, minimum volume and minimum cost are checked with their own texts") {
    Bench bench;
    CHECK(bench.place(bench.limit("buy", "1", "29000.05")) == "EOrder:Invalid price");
    CHECK(
        bench.place(bench.limit("buy", "0.00009", "29000")) ==
        "EGeneral:Invalid arguments:volume minimum not met"
    );
    bench.venue.settings().volume_minimum_text = "EOrder:Order minimum not met";
    CHECK(bench.place(bench.limit("buy", "0.00009", "29000")) == "EOrder:Order minimum not met");
    CHECK(bench.place(bench.limit("buy", "0.0001", "4000")) == "EOrder:Cost minimum not met");
    CHECK(
        bench.place({{"ordertype", "market"}, {"type", "buy"}, {"volume", "1"}, {"pair", "XBTMOON"}}) ==
        "EQuery:Unknown asset pair"
    );
}

TEST_CASE("a pair goes by its id, its altname and its slash form") {
    Bench bench;
    const auto name = GENERATE("XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD", "BTCUSD");
    CAPTURE(name);
    const auto id = bench.place(
        {{"ordertype", "limit"}, {"type", "buy"}, {"volume", "1"}, {"pair", name}, {"price", "29000"}}
    );
    CHECK(bench.order(id).at("descr").at("pair") == "XBTUSD");
}

TEST_CASE("a deadline lies two to sixty seconds ahead, and one behind the engine's turn has elapsed") {
    Bench bench;  // 2025-10-09T08:53:20Z
    const auto with = [&](const std::string& deadline) {
        return bench.place(bench.limit("buy", "0.001", "29000", {{"deadline", deadline}}));
    };
    CHECK(with("2025-10-09T08:53:22Z").starts_with("O"));
    CHECK(with("2025-10-09T10:54:20.000000000+02:00").starts_with("O"));
    CHECK(with("2025-10-09T08:53:21.9Z") == "EGeneral:Invalid arguments:deadline");
    CHECK(with("2025-10-09T08:54:20.001Z") == "EGeneral:Invalid arguments:deadline");
    CHECK(with("2025-10-09T08:53:20Z") == "EService:Deadline elapsed");
    bench.venue.settings().engine_delay = 3s;
    CHECK(with("2025-10-09T08:53:23Z") == "EService:Deadline elapsed");
    CHECK(with("2025-10-09T08:53:24Z").starts_with("O"));
}

TEST_CASE("validate checks everything and places nothing") {
    Bench bench;
    CHECK(
        bench.text("AddOrder", bench.limit("buy", "1.25", "27500", {{"validate", "true"}})) ==
        R"({"descr":{"order":"buy 1.25000000 XBTUSD @ limit 27500.0"}})"
    );
    CHECK(bench.place(bench.limit("buy", "1", "27500.01", {{"validate", "true"}})) == "EOrder:Invalid price");
    CHECK(bench.venue.orders_executed("alice") == 0);
}

TEST_CASE("relative prices are offsets from the last trade, cut to the tick") {
    Bench bench;
    const auto price = [&](const std::string& side, const std::string& wish) {
        const auto id = bench.place(bench.limit(side, "0.01", wish));
        return std::string(bench.order(id).at("descr").at("price").as_string());
    };
    CHECK(price("buy", "-100") == "29900.0");
    CHECK(price("buy", "#5%") == "28500.0");
    CHECK(price("sell", "#5%") == "31500.0");
    CHECK(price("sell", "+0.001%") == "30000.3");
}

TEST_CASE("orders in a JSON body may carry numbers, booleans and a close object") {
    Bench bench;
    Params params = without(form(bench.limit("buy", "1", "29000")), "volume");
    params.emplace_back("volume", Param{Param::Kind::number, "1.5", {}, {}});
    params.emplace_back("validate", Param{Param::Kind::boolean, "true", {}, {}});
    params.emplace_back("broker", Param{Param::Kind::null, "", {}, {}});
    Param close{Param::Kind::object, "", {}, {}};
    close.members.emplace_back("ordertype", Param{Param::Kind::text, "stop-loss-limit", {}, {}});
    close.members.emplace_back("price", Param{Param::Kind::text, "22000", {}, {}});
    close.members.emplace_back("price2", Param{Param::Kind::number, "21000", {}, {}});
    params.emplace_back("close", close);
    const Answer answer = bench.ask("AddOrder", params);
    REQUIRE(answer.errors.empty());
    CHECK(
        answer.result ==
        R"({"descr":{"order":"buy 1.50000000 XBTUSD @ limit 29000.0","close":"close position @ stop loss 22000.0 -> limit 21000.0"}})"
    );
}
