// Which orders a call means: only Kraken's own ids can be told to be somebody's.

#include "grant/order_names.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace krakken;

namespace {

using Ids = std::vector<std::string>;

// Empty: it is refused.
Ids named(std::string_view endpoint, std::string_view params) {
    const auto* row = protocol::find_endpoint(endpoint);
    const auto ids = grant::orders_named(*row, *kraken::Parameters::parse(params, row->body));
    if (ids) return *ids;
    CHECK(ids.error().details.at("rule") == "limit:own-orders");
    return {};
}

}  // namespace

TEST_CASE("orders are named by Kraken's ids") {
    const Ids one{"OABCDE-12345-FGHIJK"};
    CHECK(named("CancelOrder", R"({"txid":"OABCDE-12345-FGHIJK"})") == one);
    CHECK(named("AmendOrder", R"({"txid":"OABCDE-12345-FGHIJK","order_qty":"1","limit_price":"2"})") == one);
    CHECK(named("EditOrder", R"({"txid":"OABCDE-12345-FGHIJK","pair":"XBTUSD","volume":"1"})") == one);
    CHECK(
        named("CancelOrderBatch", R"({"orders":["OABCDE-12345-FGHIJK","OABCDE-12345-FGHIJL"]})") ==
        Ids{"OABCDE-12345-FGHIJK", "OABCDE-12345-FGHIJL"}
    );
}

TEST_CASE("every other way to name one is refused") {
    for (const char* params :
         {"{}",
          R"({"txid":"17"})",
          R"({"txid":17})",
          R"({"txid":"OABCDE-12345-FGHIJK,OABCDE-12345-FGHIJL"})",
          R"({"txid":["OABCDE-12345-FGHIJK"]})",
          R"({"txid":""})",
          R"({"cl_ord_id":"x"})",
          R"({"userref":"17"})",
          R"({"txid":"OABCDE-12345-FGHIJK","cl_ord_id":"x"})",
          R"({"txid":"OABCDE-12345-FGHIJK","orders":["OABCDE-12345-FGHIJL"]})"}) {
        CAPTURE(params);
        CHECK(named("CancelOrder", params).empty());
        CHECK(named("AmendOrder", params).empty());
        CHECK(named("EditOrder", params).empty());
    }
    for (const char* params :
         {"{}",
          R"({"orders":[]})",
          R"({"orders":"OABCDE-12345-FGHIJK"})",
          R"({"orders":["OABCDE-12345-FGHIJK",17]})",
          R"({"orders":["OABCDE-12345-FGHIJK"],"cl_ord_ids":["x"]})",
          R"({"txid":"OABCDE-12345-FGHIJK"})"})
        CHECK(named("CancelOrderBatch", params).empty());
    CHECK(named("CancelStrategy", R"({"txid":"OABCDE-12345-FGHIJK"})").empty());
}
