// account/matching: which order at Kraken is the lost one, and what is left open.

#include "account/matching.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

using namespace krakken;
using namespace krakken::account;
using kraken::ListedOrder;
using namespace std::chrono_literals;

namespace {

const base::Time sent_at{std::chrono::seconds(1'700'000'000)};

SoughtOrder row(Tag tag) {
    return {std::move(tag), "XBTUSD", "buy", "limit", "1.25", "30000", ""};
}

const Tag ours{Tag::Kind::userref, "17", true};
const Tag theirs{Tag::Kind::userref, "17", false};

Sought sought(std::vector<SoughtOrder> rows) {
    Sought all;
    all.kind = Sought::Kind::orders;
    all.rows = std::move(rows);
    all.sent_at = sent_at;
    return all;
}

ListedOrder listed(std::string txid = "OAAAAA-AAAAA-AAAAAA") {
    ListedOrder order;
    order.txid = std::move(txid);
    order.userref = "17";
    order.living = true;
    order.opened_at = sent_at + 1s;
    order.pair = "XBTUSD";
    order.side = "buy";
    order.type = "limit";
    order.volume = "1.25000000";
    order.price = "30000.0";
    order.price2 = "0";
    order.order = R"("buy 1.25000000 XBTUSD @ limit 30000.0")";
    return order;
}

enum class Seen { one, none, unclear };

Seen seen(const SoughtOrder& wanted, const std::vector<ListedOrder>& orders, const Claims& claims = {}) {
    const Finding finding = find_orders(sought({wanted}), orders, claims).at(0);
    if (finding.unclear) return Seen::unclear;
    return finding.is_one() ? Seen::one : Seen::none;
}

}  // namespace

TEST_CASE("matching: the order with the tag, and no other") {
    CHECK(seen(row(ours), {}) == Seen::none);
    CHECK(seen(row(ours), {listed()}) == Seen::one);
    CHECK(seen(row(theirs), {listed()}) == Seen::one);
    ListedOrder other = listed();
    other.userref = "18";
    CHECK(seen(row(ours), {other}) == Seen::none);
    CHECK(seen(row(theirs), {other}) == Seen::none);
    CHECK(seen(row(ours), {listed(), other}) == Seen::one);
}

TEST_CASE("matching: a userref is the same however it is written, and of 32 bits with sign") {
    CHECK(plain_userref("-5") == "-5");
    CHECK(plain_userref("+5") == "5");
    CHECK(plain_userref("007") == "7");
    for (const auto* text : {"", "0", "-0", "abc", "5 ", "1.0", "1,\"ofs\":50", "2147483648"})
        CHECK(plain_userref(text).empty());
    const auto call = kraken::Parameters::parse(R"({"pair":"XBTUSD","userref":"-007"})");
    REQUIRE(call);
    const Sought wanted = sought_by(*protocol::find_endpoint("AddOrder"), *call);
    CHECK(wanted.tag_text() == R"({"userref":-7})");
    ListedOrder order = listed();
    order.userref = "-7";
    CHECK(seen(row(wanted.rows.at(0).tag), {order}) == Seen::one);
}

TEST_CASE("matching: a pair is the same under each of its names") {
    for (const auto* name : {"XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD", "btcusd"}) {
        SoughtOrder wanted = row(ours);
        wanted.pair = name;
        CAPTURE(name);
        CHECK(seen(wanted, {listed()}) == Seen::one);
    }
}

TEST_CASE("matching: what reads unlike the caller's words is never taken for absence") {
    ListedOrder order = listed();
    SECTION("volume") {
        order.volume = "1.3";
    }
    SECTION("price") {
        order.price = "30001.0";
    }
    SECTION("pair") {
        order.pair = "XBTEUR";
    }
    CHECK(seen(row(ours), {order}) == Seen::unclear);
    CHECK(seen(row(theirs), {order}) == Seen::unclear);
}

TEST_CASE("matching: another side or type is plainly somebody else's") {
    ListedOrder order = listed();
    SECTION("side") {
        order.side = "sell";
    }
    SECTION("type") {
        order.type = "market";
    }
    CHECK(seen(row(theirs), {order}) == Seen::none);
}

TEST_CASE("matching: relative prices cannot be compared, and do not hinder") {
    SoughtOrder wanted = row(ours);
    wanted.price = "-2%";
    CHECK(seen(wanted, {listed()}) == Seen::one);
}

TEST_CASE("matching: of orders that share their caller's tag, only one of this call's time counts") {
    ListedOrder older = listed("OBBBBB-BBBBB-BBBBBB");
    older.opened_at = sent_at - 1min;
    CHECK(seen(row(theirs), {older}) == Seen::none);
    CHECK(seen(row(theirs), {older, listed()}) == Seen::one);
    SECTION("and when its time is not known it may be either") {
        older.opened_at.reset();
        CHECK(seen(row(theirs), {older}) == Seen::unclear);
    }
    SECTION("and nobody's clock is needed for a tag of our own") {
        older.opened_at.reset();
        CHECK(seen(row(ours), {older}) == Seen::one);
    }
}

TEST_CASE("matching: two candidates prove nothing") {
    const Finding finding =
        find_orders(sought({row(theirs)}), {listed(), listed("OBBBBB-BBBBB-BBBBBB")}, {}).at(0);
    CHECK(finding.traces.size() == 2);
    CHECK_FALSE(finding.is_one());
    CHECK_FALSE(finding.is_none());
}

TEST_CASE("matching: what another call has placed is not this one's") {
    KnownIds known;
    known.add("OAAAAA-AAAAA-AAAAAA");
    CHECK(seen(row(theirs), {listed()}, {.known = &known}) == Seen::none);
}

TEST_CASE("matching: while another call with this tag is open, nobody knows whose it is") {
    CHECK(seen(row(theirs), {listed()}, {.contested = {theirs}}) == Seen::unclear);
    CHECK(seen(row(theirs), {}, {.contested = {theirs}}) == Seen::none);
}

TEST_CASE("matching: without a tag what looks alike is nobody's, but absence is absence") {
    CHECK(seen(row({}), {listed()}) == Seen::unclear);
    CHECK(seen(row({}), {}) == Seen::none);
    ListedOrder other = listed();
    other.side = "sell";
    CHECK(seen(row({}), {other}) == Seen::none);
}

TEST_CASE("matching: a UUID is the same with and without hyphens") {
    SoughtOrder wanted = row({Tag::Kind::cl_ord_id, "6d1b345e-2821-40e2-ad83-4ecb18a06876"});
    ListedOrder order = listed();
    order.cl_ord_id = "6D1B345E282140E2AD834ECB18A06876";
    CHECK(seen(wanted, {order}) == Seen::one);
    order.cl_ord_id = "6d1b345e282140e2ad834ecb18a06877";
    CHECK(seen(wanted, {order}) == Seen::none);
}

TEST_CASE("matching: an order that fits two rows of a batch is one order") {
    const auto findings = find_orders(sought({row(theirs), row(theirs)}), {listed()}, {});
    CHECK(findings.at(0).unclear);
    CHECK(findings.at(1).unclear);
}

TEST_CASE("matching: the caller gets what the undisturbed call would have answered") {
    ListedOrder with_close = listed();
    with_close.close = R"("close position @ stop loss 22000.0")";
    const auto* add = protocol::find_endpoint("AddOrder");
    const auto* batch = protocol::find_endpoint("AddOrderBatch");
    CHECK(
        result_of(*add, find_orders(sought({row(ours)}), {listed()}, {})) ==
        R"({"descr":{"order":"buy 1.25000000 XBTUSD @ limit 30000.0"},"txid":["OAAAAA-AAAAA-AAAAAA"]})"
    );
    CHECK(
        result_of(*add, find_orders(sought({row(ours)}), {with_close}, {})) ==
        R"({"descr":{"order":"buy 1.25000000 XBTUSD @ limit 30000.0","close":"close position @ stop loss 22000.0"},"txid":["OAAAAA-AAAAA-AAAAAA"]})"
    );
    Tag other = ours;
    other.value = "18";
    CHECK(
        result_of(*batch, find_orders(sought({row(ours), row(other)}), {listed()}, {})) ==
        R"({"orders":[{"txid":"OAAAAA-AAAAA-AAAAAA","descr":{"order":"buy 1.25000000 XBTUSD @ limit 30000.0"}},{"error":"krakkend: not placed; no answer came, and the order is not there"}]})"
    );
}

TEST_CASE("matching: an order that is still open was not edited") {
    Sought edit;
    edit.kind = Sought::Kind::edit;
    edit.txid = "OAAAAA-AAAAA-AAAAAA";
    edit.rows.push_back(
        {.tag = {}, .pair = "XBTUSD", .side = "", .type = "", .volume = "2", .price = "", .price2 = ""}
    );
    ListedOrder original = listed();
    ListedOrder successor = listed("OBBBBB-BBBBB-BBBBBB");
    successor.refid = edit.txid;
    successor.volume = "2.00000000";
    original.userref = successor.userref = "";
    CHECK(find_edit(edit, {original}, {}).at(0).is_none());
    original.living = false;
    CHECK(find_edit(edit, {original}, {}).at(0).unclear);
    const auto edited = find_edit(edit, {original, successor}, {});
    REQUIRE(edited.at(0).is_one());
    CHECK(
        result_of(*protocol::find_endpoint("EditOrder"), edited) ==
        R"({"status":"ok","txid":"OBBBBB-BBBBB-BBBBBB","originaltxid":"OAAAAA-AAAAA-AAAAAA","volume":"2.00000000","price":"30000.0","price2":"0","orders_cancelled":1,"descr":{"order":"buy 1.25000000 XBTUSD @ limit 30000.0"}})"
    );
    original.userref = "-7";
    successor.userref = "8";
    CHECK(find_edit(edit, {original, successor}, {})
              .at(0)
              .traces.at(0)
              .result.ends_with(R"("},"newuserref":8,"olduserref":-7})"));
}

TEST_CASE("matching: an amendment is told by what it changed and when") {
    Sought amend;
    amend.kind = Sought::Kind::amend;
    amend.sent_at = sent_at;
    amend.rows.push_back(
        {.tag = {}, .pair = "", .side = "", .type = "", .volume = "2", .price = "29000", .price2 = ""}
    );
    const auto listed_amend = [](std::string_view type, std::string_view volume, std::string_view time) {
        return fmt::format(
            R"({{"amends":[{{"amend_id":"TA","amend_type":"{}","order_qty":"{}","limit_price":"29000.0","timestamp":{}}}],"count":1}})",
            type,
            volume,
            time
        );
    };
    const auto found = find_amend(amend, listed_amend("user", "2.00000000", "1700000001000000000"), {});
    REQUIRE(found->at(0).is_one());
    CHECK(result_of(*protocol::find_endpoint("AmendOrder"), *found) == R"({"amend_id":"TA"})");
    CHECK(
        find_amend(amend, listed_amend("original", "2.00000000", "1700000001000000000"), {})->at(0).is_none()
    );
    CHECK(find_amend(amend, listed_amend("user", "2.00000000", "1600000001000000000"), {})->at(0).is_none());
    CHECK(find_amend(amend, listed_amend("user", "3", "1700000001000000000"), {})->at(0).unclear);
    CHECK_FALSE(find_amend(amend, "[]", {}));
}

TEST_CASE("matching: a withdrawal is told by address, amount and time") {
    Sought movement;
    movement.kind = Sought::Kind::movement;
    movement.sent_at = sent_at;
    movement.asset = "XBT";
    movement.amount = "0.725";
    movement.key = "btc";
    movement.rows.emplace_back();
    const auto entry = [](std::string_view key, std::string_view amount, std::string_view time) {
        return fmt::format(
            R"([{{"refid":"FT1","key":"{}","amount":"{}","fee":"0.0002","time":{}}}])", key, amount, time
        );
    };
    const auto found = find_movement(movement, entry("btc", "0.72500000", "1700000002"), {});
    REQUIRE(found->at(0).is_one());
    CHECK(result_of(*protocol::find_endpoint("Withdraw"), *found) == R"({"refid":"FT1"})");
    CHECK(find_movement(movement, entry("other", "0.72500000", "1700000002"), {})->at(0).is_none());
    CHECK(find_movement(movement, entry("btc", "0.72500000", "1699990000"), {})->at(0).is_none());
    // Kraken has taken its fee off it, or something else.
    CHECK(find_movement(movement, entry("btc", "0.7248", "1700000002"), {})->at(0).is_one());
    CHECK(find_movement(movement, entry("btc", "0.7247", "1700000002"), {})->at(0).unclear);
}
