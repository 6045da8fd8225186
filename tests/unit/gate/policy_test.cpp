// gate/policy: margin, in every spelling that Kraken might understand.

#include "gate/policy.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <string>

namespace {

using namespace krakken;
using gate::may_call;
using gate::Profile;
using protocol::find_endpoint;

const Profile nothing{};
const Profile with_margin{.region = "US_CA", .supports_margin = true};

protocol::Result<void> asked(std::string_view endpoint, std::string_view json, const Profile& profile) {
    const protocol::Endpoint& row = *find_endpoint(endpoint);
    const auto parameters = kraken::Parameters::parse(json, row.body);
    REQUIRE(parameters);
    return may_call(kraken::as_called(row, *parameters), *parameters, profile);
}

std::string rule_of(const protocol::Error& error) {
    return std::string(error.details.at("rule").as_string());
}

struct Spelling {
    std::string endpoint;
    std::string json;
};

// clang-format off
const std::vector<Spelling> margin{
    {"AddOrder", R"({"leverage":"5"})"},
    {"AddOrder", R"({"leverage":5})"},
    {"AddOrder", R"({"leverage":2.0})"},
    {"AddOrder", R"({"leverage":"2:1"})"},
    {"AddOrder", R"({"leverage":"1"})"},
    {"AddOrder", R"({"leverage":" none"})"},
    {"AddOrder", R"({"leverage":true})"},
    {"AddOrder", R"({"leverage":0.0})"},
    {"AddOrder", R"({"leverage":[]})"},
    {"AddOrder", R"({"leverage":{}})"},
    {"AddOrder", R"({"leverage":["none"]})"},
    {"AddOrder", R"({"leverage":{"value":5}})"},
    {"AddOrder", R"({"lever\u0061ge":"5"})"},
    {"AddOrder", R"({"Leverage":"5"})"},
    {"AddOrder", R"({"leverage[]":"5"})"},
    {"AddOrder", R"({"leverage ":"5"})"},
    {"AddOrder", R"({"leverage\u0000":"5"})"},
    {"AddOrder", R"({"leverage":"none","LEVERAGE":"3"})"},
    {"AddOrder", R"({"reduce_only":true})"},
    {"AddOrder", R"({"reduce_only":"true"})"},
    {"AddOrder", R"({"reduce_only":"True"})"},
    {"AddOrder", R"({"reduce_only":1})"},
    {"AddOrder", R"({"reduce_only":"yes"})"},
    {"AddOrder", R"({"reduceOnly":true})"},
    {"AddOrder", R"({"margin":true})"},
    {"AddOrder", R"({"ordertype":"settle-position"})"},
    {"AddOrder", R"({"ordertype":"Settle_Position "})"},
    {"AddOrder", R"({"ordertype":"settle\u002dposition"})"},
    {"AddOrder", R"({"ordertype":["settle-position"]})"},
    {"AddOrder", R"({"order_type":{"is":"settle-position"}})"},
    {"AddOrder", R"({"close[leverage]":"5"})"},
    {"AddOrder", R"({"close[ordertype]":"settle-position"})"},
    {"AddOrder", R"({"close[reduce_only]":"true"})"},
    {"AddOrder", R"({"close":{"leverage":"5"}})"},
    {"AddOrder", R"({"close":"{\"leverage\":\"5\"}"})"},
    {"AddOrder", R"({"close":"leverage=5"})"},
    {"AddOrderBatch", R"({"orders":[{"ordertype":"limit"},{"leverage":"5"}]})"},
    {"AddOrderBatch", R"({"orders":[{"lever\u0061ge":5}]})"},
    {"AddOrderBatch", R"({"orders":[{"leverage":[null]}]})"},
    {"AddOrderBatch", R"({"orders":[{"reduce_only":"1"}]})"},
    {"AddOrderBatch", R"({"orders":[{"ordertype":"settle-position"}]})"},
    {"AddOrderBatch", R"({"orders":[{"close":{"leverage":"2:1"}}]})"},
    {"AddOrderBatch", R"({"orders":[[[{"leverage":2}]]]})"},
    {"AddOrderBatch", R"({"orders":{"leverage":2}})"},
    {"AddOrderBatch", R"({"orders":"[{\"leverage\":2}]"})"},
    {"AddOrderBatch", R"({"orders":" [{\"lever\\u0061ge\":2}]"})"},
    {"AddOrderBatch", R"({"orders":"[{'leverage': 2}]"})"},
    {"AddOrderBatch", R"({"orders":"leverage=2"})"},
    {"AddOrderBatch", R"({"orders":["{\"leverage\":\"none\",\"leverage\":\"5\"}"]})"},
    {"AddOrderBatch", R"({"orders[0][leverage]":"2"})"},
    {"AddOrderBatch", R"({"orders":[],"leverage":"2"})"},
    {"AmendOrder", R"({"txid":"O","leverage":"2"})"},
    {"EditOrder", R"({"txid":"O","leverage":"2"})"},
    {"EditOrder", R"({"txid":"O","reduce_only":true})"},
    {"AddStrategy", R"({"symbol":"BTC/USD","leverage":2})"},
};

const std::vector<Spelling> no_margin{
    {"AddOrder", R"({"pair":"XBTUSD","type":"buy","ordertype":"limit","price":"1","volume":"1"})"},
    {"AddOrder", R"({"leverage":"none"})"},
    {"AddOrder", R"({"leverage":"None"})"},
    {"AddOrder", R"({"leverage":""})"},
    {"AddOrder", R"({"leverage":"0"})"},
    {"AddOrder", R"({"leverage":0})"},
    {"AddOrder", R"({"reduce_only":false})"},
    {"AddOrder", R"({"reduce_only":"false"})"},
    {"AddOrder", R"({"close[ordertype]":"stop-loss","close[price]":"5"})"},
    {"AddOrder", R"({"cl_ord_id":"leverage-5","oflags":"post","anything":[1,{"x":true}]})"},
    {"AddOrder", R"({"cl_ord_id":"{not json"})"},
    {"AddOrderBatch", R"({"orders":[{"leverage":null,"reduce_only":false,"close":{"ordertype":"limit"}}]})"},
    {"AddOrderBatch", R"({"orders":"[{\"leverage\":\"none\"}]"})"},
    {"AddOrderBatch", R"({"orders":[]})"},
    {"AmendOrder", R"({"txid":"O","limit_price":"5"})"},
};
// clang-format on

}  // namespace

TEST_CASE("margin is refused in every spelling while it is off, and allowed while it is on") {
    for (const auto& [endpoint, json] : margin) {
        CAPTURE(endpoint, json);
        const auto refused = asked(endpoint, json, nothing);
        CHECK_FALSE(refused);
        if (refused) continue;
        CHECK(refused.error().code == protocol::ErrorCode::forbidden);
        CHECK(refused.error().executed == protocol::Executed::no);
        CHECK_FALSE(refused.error().retryable);
        CHECK(rule_of(refused.error()) == "capability:supports_margin");
        CHECK(refused.error().message.contains("nothing was sent"));
        CHECK(refused.error().remedy.contains("supports_margin = true under [capabilities] in config.toml"));
        CHECK(asked(endpoint, json, with_margin));
    }
}

TEST_CASE("an order without margin passes, and so does an obvious none") {
    for (const auto& [endpoint, json] : no_margin) {
        CAPTURE(endpoint, json);
        CHECK(asked(endpoint, json, nothing));
    }
}

TEST_CASE("words of margin are none of the policy's business where no order is placed") {
    CHECK(asked("Ticker", R"({"leverage":"5"})", nothing));
    CHECK(asked("AssetPairs", R"({"info":"leverage","margin":true})", nothing));
    CHECK(asked("OpenPositions", R"({"margin":true})", nothing));
    CHECK(asked("CancelOrder", R"({"txid":"O","leverage":5})", nothing));
}

TEST_CASE("what Earn and the positions say may be read whatever the profile") {
    for (const auto* name :
         {"Earn/Strategies", "Earn/Allocations", "Earn/AllocateStatus", "Earn/DeallocateStatus"}) {
        CAPTURE(name);
        CHECK(asked(name, "", nothing));
    }
}

TEST_CASE("what moves funds into Earn or to the futures wallet needs its capability, too") {
    const Profile everything{"US_CA", true, true, true};
    for (const auto* name : {"Earn/Allocate", "Earn/Deallocate"}) {
        CAPTURE(name);
        const auto refused = asked(name, "", nothing);
        REQUIRE_FALSE(refused);
        CHECK(rule_of(refused.error()) == "capability:supports_staking");
        CHECK(asked(name, "", everything));
    }
    const auto refused = asked("WalletTransfer", "", nothing);
    REQUIRE_FALSE(refused);
    CHECK(rule_of(refused.error()) == "capability:supports_futures");
    CHECK(asked("WalletTransfer", "", everything));
}

TEST_CASE("text in text in text is looked through, without end") {
    std::string json = R"({"leverage":5})";
    for (int depth = 0; depth < 8; ++depth)
        json = "[" + protocol::quote(json) + "]";
    CHECK_FALSE(asked("AddOrderBatch", R"({"orders":)" + json + "}", nothing));
    CHECK(asked("AddOrderBatch", R"({"orders":)" + json + "}", with_margin));
}
