// What a grant says, in words and back, and when one allows more than another.

#include "grant/grant.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace krakken;
using grant::Amount;
using grant::Decimal;
using grant::Grant;
using grant::Hours;
using grant::parse_grant;
using grant::Right;
using grant::text_of;
using grant::widens;

namespace {

constexpr std::string_view everything =
    R"({"accounts":["bot1","master"],"allow":["read","trade"],"pairs":["ETHUSD","XBTUSD"],"side":"buy",)"
    R"("order_types":["limit"],"max_order_volume":"0.5","max_order_notional":"100USD",)"
    R"("max_day_notional":"1000.5USD","max_open_orders":5,"max_calls_per_minute":60,"own_orders":true,)"
    R"("hours":"08:00-17:30","expires_at":"2030-01-31T12:00:00.000Z","mode":"validate"})";

std::string complaint(std::string_view json) {
    const auto grant = parse_grant(json);
    REQUIRE_FALSE(grant.has_value());
    CHECK(grant.error().code == protocol::ErrorCode::invalid_params);
    return grant.error().message;
}

base::Time time(const std::string& text) {
    return *base::parse_rfc3339(text);
}

}  // namespace

TEST_CASE("a grant's words come back as they were") {
    const auto grant = parse_grant(everything);
    REQUIRE(grant.has_value());
    CHECK(text_of(*grant) == everything);
    CHECK(grant->limits_orders());
    const auto least = parse_grant(R"({"accounts":["master"],"allow":["read"]})");
    REQUIRE(least.has_value());
    CHECK(text_of(*least) == R"({"accounts":["master"],"allow":["read"],"mode":"live"})");
    CHECK_FALSE(least->limits_orders());
}

TEST_CASE("a pair has one name in a grant, however it is written") {
    for (const char* pair : {"XBTUSD", "XXBTZUSD", "BTC/USD", "xbt/usd"}) {
        const auto grant = parse_grant(R"({"pairs":[")" + std::string(pair) + R"("]})");
        REQUIRE(grant.has_value());
        CHECK(grant->pairs == std::set<std::string>{"XBTUSD"});
    }
}

TEST_CASE("what is not understood in a grant is refused, and named") {
    CHECK(complaint("[]").contains("object"));
    CHECK(complaint("{").contains("object"));
    CHECK(complaint(R"({"everything":true})").contains("not known"));
    CHECK(complaint(R"({"allow":["everything"]})").contains("allow"));
    CHECK(complaint(R"({"allow":["nobody"]})").contains("allow"));
    CHECK(complaint(R"({"allow":["none"]})").contains("allow"));
    CHECK(complaint(R"({"allow":"read"})").contains("allow"));
    CHECK(complaint(R"({"accounts":["Master!"]})").contains("accounts"));
    CHECK(complaint(R"({"pairs":[""]})").contains("pairs"));
    CHECK(complaint(R"({"side":"both"})").contains("side"));
    CHECK(complaint(R"({"order_types":["settle-position"]})").contains("order_types"));
    CHECK(complaint(R"({"max_order_volume":0.5})").contains("max_order_volume"));
    CHECK(complaint(R"({"max_order_volume":"1e3"})").contains("max_order_volume"));
    CHECK(complaint(R"({"max_order_notional":"100"})").contains("max_order_notional"));
    CHECK(complaint(R"({"max_order_notional":"USD"})").contains("max_order_notional"));
    CHECK(complaint(R"({"max_order_notional":"-1USD"})").contains("max_order_notional"));
    CHECK(complaint(R"({"max_day_notional":"100 USD"})").contains("max_day_notional"));
    CHECK(complaint(R"({"max_open_orders":-1})").contains("max_open_orders"));
    CHECK(complaint(R"({"max_open_orders":"5"})").contains("max_open_orders"));
    CHECK(complaint(R"({"max_calls_per_minute":1.5})").contains("max_calls_per_minute"));
    CHECK(complaint(R"({"own_orders":"yes"})").contains("own_orders"));
    CHECK(complaint(R"({"hours":"8-17"})").contains("hours"));
    CHECK(complaint(R"({"hours":"08:00-08:00"})").contains("hours"));
    CHECK(complaint(R"({"hours":"08:00-24:00"})").contains("hours"));
    CHECK(complaint(R"({"expires_at":"tomorrow"})").contains("expires_at"));
    CHECK(complaint(R"({"mode":"dry"})").contains("mode"));
}

TEST_CASE("trade includes cancel, and nothing else includes anything") {
    for (const Right held : protocol::grantable_rights()) {
        Grant grant;
        grant.rights = {held};
        for (const Right asked : protocol::grantable_rights())
            CHECK(grant.has(asked) == (held == asked || (held == Right::trade && asked == Right::cancel)));
        CHECK_FALSE(grant.has(Right::nobody));
        CHECK_FALSE(grant.has(Right::none));
    }
}

TEST_CASE("hours have an end, which may be behind midnight") {
    const auto day = Hours::parse("08:00-17:30").value();
    CHECK_FALSE(day.contain(time("2030-01-01T07:59:59.999Z")));
    CHECK(day.contain(time("2030-01-01T08:00:00Z")));
    CHECK(day.contain(time("2030-01-01T17:29:59.999Z")));
    CHECK_FALSE(day.contain(time("2030-01-01T17:30:00Z")));
    const auto night = Hours::parse("22:00-06:00").value();
    CHECK(night.contain(time("2030-01-01T23:00:00Z")));
    CHECK(night.contain(time("1969-12-31T05:59:59Z")));
    CHECK_FALSE(night.contain(time("2030-01-01T06:00:00Z")));
    CHECK(day.contain_all_of(Hours::parse("09:00-10:00").value()));
    CHECK_FALSE(day.contain_all_of(night));
}

TEST_CASE("a grant is widened by whatever allows more, and by nothing else") {
    const Grant from = *parse_grant(everything);
    CHECK_FALSE(widens(from, from));
    const auto changed = [&from](auto change) {
        Grant to = from;
        change(to);
        return widens(from, to);
    };
    CHECK(changed([](Grant& to) { to.accounts.insert(*base::AccountName::parse("third")); }));
    CHECK(changed([](Grant& to) { to.all_accounts = true; }));
    CHECK(changed([](Grant& to) { to.rights.insert(Right::withdraw); }));
    CHECK_FALSE(changed([](Grant& to) { to.rights.insert(Right::cancel); }));
    CHECK_FALSE(changed([](Grant& to) { to.rights.erase(Right::trade); }));
    CHECK(changed([](Grant& to) { to.pairs.insert("LTCUSD"); }));
    CHECK(changed([](Grant& to) { to.pairs.clear(); }));
    CHECK_FALSE(changed([](Grant& to) { to.pairs.erase("XBTUSD"); }));
    CHECK(changed([](Grant& to) { to.side.reset(); }));
    CHECK(changed([](Grant& to) { to.side = grant::Side::sell; }));
    CHECK(changed([](Grant& to) { to.order_types.insert("market"); }));
    CHECK(changed([](Grant& to) { to.max_order_volume = Decimal::parse("0.50000001"); }));
    CHECK(changed([](Grant& to) { to.max_order_volume.reset(); }));
    CHECK_FALSE(changed([](Grant& to) { to.max_order_volume = Decimal::parse("0.5000"); }));
    CHECK(changed([](Grant& to) { to.max_order_notional = Amount::parse("101USD"); }));
    CHECK(changed([](Grant& to) { to.max_order_notional = Amount::parse("100EUR"); }));
    CHECK_FALSE(changed([](Grant& to) { to.max_order_notional = Amount::parse("99USD"); }));
    CHECK(changed([](Grant& to) { to.max_day_notional.reset(); }));
    CHECK(changed([](Grant& to) { to.max_open_orders = 6; }));
    CHECK_FALSE(changed([](Grant& to) { to.max_open_orders = 0; }));
    CHECK(changed([](Grant& to) { to.max_calls_per_minute.reset(); }));
    CHECK(changed([](Grant& to) { to.own_orders = false; }));
    CHECK(changed([](Grant& to) { to.hours = Hours::parse("07:59-17:30"); }));
    CHECK(changed([](Grant& to) { to.hours.reset(); }));
    CHECK_FALSE(changed([](Grant& to) { to.hours = Hours::parse("10:00-11:00"); }));
    CHECK(changed([](Grant& to) { to.expires_at.reset(); }));
    CHECK(changed([](Grant& to) { to.expires_at = time("2030-01-31T12:00:00.001Z"); }));
    CHECK_FALSE(changed([](Grant& to) { to.expires_at = time("2029-01-31T12:00:00Z"); }));
    CHECK(changed([](Grant& to) { to.validate_only = false; }));
}
