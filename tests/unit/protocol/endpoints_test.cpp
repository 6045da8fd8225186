#include "protocol/endpoints.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

namespace {

using namespace krakken::protocol;

}  // namespace

TEST_CASE("endpoint names are unlike each other and found as they are written") {
    std::set<std::string_view> names;
    for (const auto& endpoint : endpoints()) {
        CAPTURE(endpoint.name);
        CHECK(names.insert(endpoint.name).second);
        CHECK(find_endpoint(endpoint.name) == &endpoint);
    }
    for (const auto* unknown :
         {"", "balance", "BALANCE", "Balance ", "Earn", "0/private/Balance", "../Balance"}) {
        CAPTURE(unknown);
        CHECK(find_endpoint(unknown) == nullptr);
    }
}

TEST_CASE("what may be repeated, and what it costs") {
    for (const auto& endpoint : endpoints()) {
        CAPTURE(endpoint.name);
        // Promise 2: a placement or movement of funds is never sent twice.
        if (endpoint.effect == Effect::place || endpoint.effect == Effect::fund)
            CHECK_FALSE(endpoint.repeatable);
        if (endpoint.effect == Effect::read) CHECK(endpoint.repeatable);
        if (endpoint.kind == EndpointKind::public_) {
            CHECK(endpoint.effect == Effect::read);
            CHECK(endpoint.permission.empty());
            CHECK(endpoint.cost == 0);
        }
        if (endpoint.effect == Effect::place) CHECK(endpoint.cost == 0);
    }
}

TEST_CASE("effects of the endpoints that matter most") {
    const auto& [name, effect] = GENERATE(table<std::string, Effect>(
        {{"Balance", Effect::read},
         {"AddOrder", Effect::place},
         {"AddOrderBatch", Effect::place},
         {"AmendOrder", Effect::place},
         {"EditOrder", Effect::place},
         {"CancelOrder", Effect::cancel},
         {"CancelAll", Effect::cancel},
         {"CancelAllOrdersAfter", Effect::cancel},
         {"Withdraw", Effect::fund},
         {"WalletTransfer", Effect::fund},
         {"AccountTransfer", Effect::fund},
         {"Earn/Allocate", Effect::fund},
         {"GetWebSocketsToken", Effect::token},
         {"AddExport", Effect::other}}
    ));
    CAPTURE(name);
    REQUIRE(find_endpoint(name));
    CHECK(find_endpoint(name)->effect == effect);
    CHECK(find_endpoint(name)->kind == EndpointKind::private_);
}

TEST_CASE("paths are what is signed") {
    CHECK(path_of(*find_endpoint("Balance")) == "/0/private/Balance");
    CHECK(path_of(*find_endpoint("Ticker")) == "/0/public/Ticker");
    CHECK(path_of(*find_endpoint("Earn/Strategies")) == "/0/private/Earn/Strategies");
}

TEST_CASE("names of kinds and effects are those of the contract") {
    CHECK(name(EndpointKind::public_) == "public");
    CHECK(name(EndpointKind::private_) == "private");
    CHECK(name(Effect::read) == "read");
    CHECK(name(Effect::cancel) == "cancel");
    CHECK(name(Effect::place) == "place");
    CHECK(name(Effect::fund) == "fund");
    CHECK(name(Effect::token) == "token");
    CHECK(name(Effect::other) == "other");
}

TEST_CASE("permissions are told by the titles of Kraken's page") {
    CHECK(permission_titles("").empty());
    CHECK(permission_titles("query-funds") == "\"Funds permissions - Query\"");
    CHECK(
        permission_titles("query-funds+add-funds") ==
        "\"Funds permissions - Query\" and \"Funds permissions - Deposit\""
    );
    CHECK(
        permission_titles("modify-trades|close-trades") ==
        "\"Orders and trades - Create & modify orders\" or \"Orders and trades - Cancel & close orders\""
    );
    for (const auto& endpoint : endpoints()) {
        CAPTURE(endpoint.name);
        // Every permission has a title: an untitled one would show its bare name.
        const std::string titles = permission_titles(endpoint.permission);
        CHECK(titles.find("-funds\"") == std::string::npos);
        CHECK(titles.find("-trades\"") == std::string::npos);
        CHECK(std::ranges::count(titles, '"') % 2 == 0);
    }
}
