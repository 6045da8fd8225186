// What a grant says of a call. The property that counts: another restriction never allows more.

#include "grant/judgement.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <random>
#include <string>
#include <vector>

using namespace krakken;
using grant::Grant;
using grant::Right;

namespace {

const base::AccountName master = *base::AccountName::parse("master");
const base::AccountName other = *base::AccountName::parse("other");
const base::Time noon{std::chrono::sys_days(std::chrono::year(2030) / 1 / 15) + std::chrono::hours(12)};

Grant of(std::set<Right> rights) {
    Grant grant;
    grant.accounts = {master};
    grant.rights = std::move(rights);
    return grant;
}

// Empty: it is allowed.
std::string rule(
    const Grant& grant,
    std::string_view endpoint,
    std::string_view params = "{}",
    const base::AccountName& account = master,
    base::Time now = noon
) {
    const auto* row = protocol::find_endpoint(endpoint);
    REQUIRE(row);
    const auto judged =
        grant::judge(grant, *row, *kraken::Parameters::parse(params, row->body), account, now);
    if (judged) return "";
    CHECK(judged.error().code == protocol::ErrorCode::forbidden);
    CHECK(judged.error().message.ends_with("nothing was sent"));
    CHECK_FALSE(judged.error().retryable);
    return judged.error().details.at("rule").as_string().c_str();
}

std::string order(
    const std::string& pair, const std::string& side, const std::string& type, const std::string& volume
) {
    return R"({"pair":")" + pair + R"(","type":")" + side + R"(","ordertype":")" + type +
           R"(","price":"100","volume":")" + volume + R"("})";
}

}  // namespace

TEST_CASE("every endpoint needs its right, and no other gives it") {
    for (const protocol::Endpoint& endpoint : protocol::endpoints()) {
        if (endpoint.kind == protocol::EndpointKind::public_) continue;
        INFO(endpoint.name);
        for (const Right right : protocol::grantable_rights()) {
            const bool gives =
                right == endpoint.right || (right == Right::trade && endpoint.right == Right::cancel);
            CHECK((rule(of({right}), endpoint.name) == "") == gives);
        }
    }
}

TEST_CASE("a refusal names its rule") {
    CHECK(rule(of({Right::read}), "AddOrder") == "right:trade");
    CHECK(rule(of({Right::trade}), "CancelAll") == "right:cancel-all");
    CHECK(rule(of({Right::trade}), "CancelAllOrdersAfter") == "right:cancel-all");
    CHECK(rule(of({Right::trade}), "Balance") == "right:read");
    CHECK(rule(of({Right::read}), "RetrieveExport") == "right:export");
    CHECK(rule(of({Right::read}), "Withdraw") == "effect:fund");
    CHECK(rule(of({Right::read}), "GetWebSocketsToken") == "effect:token");
    CHECK(rule(of({Right::stream}), "GetApiKeyInfo") == "effect:token");
    CHECK(rule(of({Right::read}), "Balance", "{}", other) == "grant:accounts");
}

TEST_CASE("what has ended allows nothing, and outside its hours nothing new is begun") {
    Grant grant = of({Right::read, Right::trade});
    grant.expires_at = noon;
    CHECK(rule(grant, "Balance") == "limit:expires");
    CHECK(rule(grant, "CancelOrder") == "limit:expires");
    CHECK(rule(grant, "Balance", "{}", master, noon - std::chrono::microseconds(1)) == "");
    grant.expires_at.reset();
    grant.hours = grant::Hours::parse("08:00-12:00");
    CHECK(rule(grant, "AddOrder") == "limit:hours");
    CHECK(rule(grant, "Balance") == "");
    CHECK(rule(grant, "CancelOrder") == "");
    CHECK(rule(grant, "AddOrder", "{}", master, noon - std::chrono::microseconds(1)) == "");
}

TEST_CASE("a bot whose orders are only checked does nothing real") {
    Grant grant = of({Right::read, Right::trade, Right::withdraw, Right::cancel_all});
    grant.validate_only = true;
    CHECK(rule(grant, "AddOrder") == "");
    CHECK(rule(grant, "AddOrderBatch") == "");
    CHECK(rule(grant, "EditOrder") == "");
    CHECK(rule(grant, "Balance") == "");
    for (const char* endpoint : {"AmendOrder", "AddStrategy", "CancelOrder", "CancelAll", "Withdraw"})
        CHECK(rule(grant, endpoint) == "limit:mode");
}

TEST_CASE("limits look at every order") {
    Grant grant = of({Right::trade});
    grant.pairs = {"XBTUSD"};
    CHECK(rule(grant, "AddOrder", order("XXBTZUSD", "buy", "limit", "1")) == "");
    CHECK(rule(grant, "AddOrder", order("ETHUSD", "buy", "limit", "1")) == "limit:pairs");
    CHECK(rule(grant, "AddOrder", order("XBTUSDT", "buy", "limit", "1")) == "limit:pairs");
    CHECK(rule(grant, "AmendOrder", R"({"txid":"OABCDE-12345-FGHIJK"})") == "limit:understood");
    grant.side = grant::Side::sell;
    CHECK(rule(grant, "AddOrder", order("XBTUSD", "buy", "limit", "1")) == "limit:side");
    grant.order_types = {"limit"};
    CHECK(rule(grant, "AddOrder", order("XBTUSD", "sell", "market", "1")) == "limit:order-types");
    grant.max_order_volume = grant::Decimal::parse("0.5");
    CHECK(
        rule(grant, "AddOrder", order("XBTUSD", "sell", "limit", "0.50000001")) == "limit:max-order-volume"
    );
    CHECK(rule(grant, "AddOrder", order("XBTUSD", "sell", "limit", "0.50")) == "");
    CHECK(
        rule(
            grant,
            "AddOrderBatch",
            R"({"pair":"XBTUSD","orders":[{"type":"sell","ordertype":"limit","price":"1","volume":"0.5"},)"
            R"({"type":"sell","ordertype":"limit","price":"1","volume":"0.6"}]})"
        ) == "limit:max-order-volume"
    );
    CHECK(rule(grant, "CancelOrder", R"({"txid":"OABCDE-12345-FGHIJK"})") == "");
}

TEST_CASE("one's own orders are never all orders") {
    Grant grant = of({Right::trade, Right::cancel_all});
    grant.own_orders = true;
    CHECK(rule(grant, "CancelAll") == "limit:own-orders");
    CHECK(rule(grant, "CancelAllOrdersAfter") == "limit:own-orders");
    CHECK(rule(grant, "AddOrder") == "");
}

TEST_CASE("another restriction never allows more") {
    const std::vector<std::function<void(Grant&)>> restrictions{
        [](Grant& grant) { grant.accounts.erase(master); },
        [](Grant& grant) { grant.rights.erase(Right::trade); },
        [](Grant& grant) { grant.rights.erase(Right::read); },
        [](Grant& grant) { grant.rights.erase(Right::cancel_all); },
        [](Grant& grant) { grant.pairs = {"XBTUSD"}; },
        [](Grant& grant) { grant.side = grant::Side::buy; },
        [](Grant& grant) { grant.order_types = {"limit"}; },
        [](Grant& grant) { grant.max_order_volume = grant::Decimal::parse("1"); },
        [](Grant& grant) { grant.max_order_notional = grant::Amount::parse("1USD"); },
        [](Grant& grant) { grant.max_day_notional = grant::Amount::parse("1USD"); },
        [](Grant& grant) { grant.max_open_orders = 1; },
        [](Grant& grant) { grant.max_calls_per_minute = 1; },
        [](Grant& grant) { grant.own_orders = true; },
        [](Grant& grant) { grant.hours = grant::Hours::parse("13:00-14:00"); },
        [](Grant& grant) { grant.expires_at = noon; },
        [](Grant& grant) { grant.validate_only = true; },
    };
    std::vector<std::pair<std::string, std::string>> calls;
    for (const protocol::Endpoint& endpoint : protocol::endpoints())
        if (endpoint.kind == protocol::EndpointKind::private_) calls.emplace_back(endpoint.name, "{}");
    for (const char* pair : {"XBTUSD", "ETHUSD"})
        for (const char* side : {"buy", "sell"})
            for (const char* type : {"limit", "market"})
                for (const char* volume : {"1", "2", "1e1"})
                    calls.emplace_back("AddOrder", order(pair, side, type, volume));
    std::mt19937 random(20301);
    for (int round = 0; round < 300; ++round) {
        Grant grant = of({Right::read, Right::trade, Right::cancel_all, Right::export_, Right::withdraw});
        for (int step = 0; step < 6; ++step) {
            Grant narrower = grant;
            restrictions[random() % restrictions.size()](narrower);
            // Setting a limit that is there to another value is no restriction.
            if (grant::widens(grant, narrower)) continue;
            for (const auto& [endpoint, params] : calls)
                if (rule(narrower, endpoint, params) == "") CHECK(rule(grant, endpoint, params) == "");
            grant = std::move(narrower);
        }
    }
}
