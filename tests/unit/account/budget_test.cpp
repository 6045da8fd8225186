// account/budget, order_touch: which calls wait for what, and what Kraken's answers teach.

#include "account/budget.hpp"

#include "account/rest_counter.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using namespace std::chrono_literals;
using account::Budget;
using account::Elapsed;
using account::Touch;
using What = account::Touch::What;

const base::Time wall{1'700'000'000s};

kraken::Attempt answered(std::string result) {
    kraken::Attempt attempt;
    attempt.end = kraken::Attempt::End::answered;
    attempt.answer.result = std::move(result);
    return attempt;
}

kraken::Attempt refused(std::string error) {
    kraken::Attempt attempt = answered("");
    attempt.answer.errors = {std::move(error)};
    return attempt;
}

kraken::Attempt without_answer(kraken::Attempt::End end) {
    kraken::Attempt attempt;
    attempt.end = end;
    return attempt;
}

const kraken::Attempt placed = answered(R"({"descr":{"order":"x"},"txid":["OA-1"]})");

Touch touch(std::string_view endpoint, std::string_view parameters = "") {
    return account::touch_of(
        *protocol::find_endpoint(endpoint), kraken::Parameters::parse(parameters).value()
    );
}

// A key, and the orders of its account.
struct Scene {
    // What the call would wait for now.
    Elapsed wait(std::string_view endpoint, std::string_view parameters = "") {
        const Elapsed key = rest.ready_at(*protocol::find_endpoint(endpoint), now);
        return std::max(key, budget->ready_at(touch(endpoint, parameters), now)) - now;
    }
    void call(
        std::string_view endpoint,
        std::string_view parameters = "",
        const kraken::Attempt& attempt = answered("{}")
    ) {
        auto hold = budget->reserve(touch(endpoint, parameters), now);
        const auto* row = protocol::find_endpoint(endpoint);
        rest.begin(*row);
        rest.end(*row, attempt, now, wall);
        hold.settle(attempt, now);
    }
    account::Thousandths used(std::string_view pair) const {
        const auto* counter = budget->trading().find(std::string(pair));
        return counter ? counter->used(now) : 0;
    }
    account::Thousandths rest_used() const { return rest.counter().used(now); }

    Elapsed now = 2h;
    account::RestCounter rest{base::Tier::starter};
    std::shared_ptr<Budget> budget = std::make_shared<Budget>(base::Tier::starter, 1h);
};

constexpr auto order = R"({"pair":"XBTUSD","type":"buy","ordertype":"market","volume":"1"})";

}  // namespace

TEST_CASE("calls count on the key's counter by the endpoint's cost") {
    Scene scene;
    for (int call = 0; call < 13; ++call) {
        CAPTURE(call);
        REQUIRE(scene.wait("Balance") == 0s);
        scene.call("Balance");
    }
    CHECK(scene.rest_used() == 13'000);
    CHECK(scene.wait("Balance") == 2s);
    CHECK(scene.wait("Ledgers") > 5s);
    CHECK(scene.wait("AddOrder", order) == 0s);
}

TEST_CASE("cancels are never held back, and count") {
    Scene scene;
    for (int call = 0; call < 30; ++call)
        scene.call("Balance");
    scene.call("Balance", "", refused("EService:Throttled: 1700000100"));
    CHECK(scene.wait("Balance") == 100s);
    for (const char* cancel : {"CancelOrder", "CancelAll", "CancelOrderBatch", "CancelAllOrdersAfter"})
        CHECK(scene.wait(cancel) == 0s);
    const auto before = scene.rest_used();
    scene.call("CancelAll");
    CHECK(scene.rest_used() == before + 1000);
}

TEST_CASE("placements count on their pair, however it is written, and wait for it") {
    Scene scene;
    for (const char* pair : {"XBTUSD", "XXBTZUSD", "XBT/USD", "BTC/USD"})
        scene.call("AddOrder", R"({"pair":")" + std::string(pair) + R"("})");
    CHECK(scene.used("XBTUSD") == 4000);
    scene.call("AddOrderBatch", R"({"pair":"XBTUSD","orders":[{"price":"1"},{"price":"2"},{"price":"3"}]})");
    CHECK(scene.used("XBTUSD") == 5500);
    for (int call = 0; call < 52; ++call)
        scene.call("AddOrder", order);
    CHECK(scene.wait("AddOrder", order) == 500ms);
    CHECK(scene.wait("AddOrder", R"({"pair":"ETHUSD"})") == 0s);
    scene.now += 500ms;
    CHECK(scene.wait("AddOrder", order) == 0s);
}

TEST_CASE("a change costs by the age of the order it names") {
    Scene scene;
    scene.call("AddOrder", R"({"pair":"XBT/USD","cl_ord_id":"mine","userref":7})", placed);
    scene.now += 60s;
    CHECK(scene.used("XBTUSD") == 0);
    const auto [endpoint, parameters, cost] = GENERATE(table<std::string, std::string, int>({
        {"CancelOrder", R"({"txid":"OA-1"})", 2},
        {"CancelOrder", R"({"cl_ord_id":"mine"})", 2},
        {"CancelOrder", R"({"txid":"7"})", 2},
        {"CancelOrder", R"({"txid":7})", 2},
        {"CancelOrderBatch", R"({"orders":["OA-1"]})", 2},
        {"CancelOrderBatch", R"({"orders":[7],"cl_ord_ids":["mine"]})", 4},
        {"AmendOrder", R"({"txid":"OA-1","order_qty":"2"})", 1},
        {"EditOrder", R"({"txid":"OA-1","pair":"XBTUSD"})", 2},
        {"CancelOrder", R"({"txid":"OZ-9"})", 0},
        {"AmendOrder", R"({"txid":"OZ-9"})", 0},
        {"EditOrder", R"({"txid":"OZ-9","pair":"XBTUSD"})", 1},
    }));
    CAPTURE(endpoint, parameters);
    scene.call(endpoint, parameters);
    CHECK(scene.used("XBTUSD") == cost * 1000);
}

TEST_CASE("amending makes an order young again, editing makes a new one") {
    Scene scene;
    scene.call("AddOrder", order, placed);
    scene.now += 400s;
    scene.call("AmendOrder", R"({"txid":"OA-1"})", answered(R"({"amend_id":"T"})"));
    scene.now += 4s;
    scene.call("CancelOrder", R"({"txid":"OA-1"})");
    CHECK(scene.used("XBTUSD") == 8000);

    scene.now += 100s;
    scene.call(
        "EditOrder", R"({"txid":"OA-1","pair":"XBTUSD"})", answered(R"({"status":"ok","txid":"OA-2"})")
    );
    scene.now += 20s;
    scene.call("CancelOrder", R"({"txid":"OA-2"})");
    CHECK(scene.used("XBTUSD") == 4000);
}

TEST_CASE("each row of a batch has its own id; refused ones have none") {
    Scene scene;
    scene.call(
        "AddOrderBatch",
        R"({"pair":"XBTUSD","orders":[{"cl_ord_id":"a"},{"cl_ord_id":"b"},{"cl_ord_id":"c"}]})",
        answered(R"({"orders":[{"txid":"OA"},{"error":"EOrder:Insufficient funds"},{"txid":["OC"]}]})")
    );
    scene.now += 20s;
    scene.call("CancelOrderBatch", R"({"orders":["OC"],"cl_ord_ids":["a","b"]})");
    CHECK(scene.used("XBTUSD") == 8000);
}

TEST_CASE("CancelAll costs a point on every pair, a cancel that found nothing none") {
    Scene scene;
    scene.call("AddOrder", order, placed);
    scene.call("AddOrder", R"({"pair":"ETHUSD"})");
    scene.call("CancelAll");
    CHECK(scene.used("XBTUSD") == 2000);
    CHECK(scene.used("ETHUSD") == 2000);
    scene.call("CancelOrder", R"({"txid":"OA-1"})", refused("EOrder:Unknown order"));
    CHECK(scene.used("XBTUSD") == 2000);
}

TEST_CASE("an order that is not known is as old as the memory, or as young as a placement that was lost") {
    Scene scene;
    scene.now = 1h + 7s;
    scene.call("EditOrder", R"({"txid":"OZ","pair":"XBTUSD"})", refused("EOrder:Unknown order"));
    CHECK(scene.used("XBTUSD") == 6000);
    scene.now = 2h;
    scene.call("AddOrder", order, without_answer(kraken::Attempt::End::lost));
    scene.now += 4s;
    scene.call("EditOrder", R"({"txid":"OZ","pair":"XBTUSD"})");
    CHECK(scene.used("XBTUSD") == 7000);
}

TEST_CASE("what was not sent gives its points back, also when nobody says how it ended") {
    Scene scene;
    scene.call("AddOrderBatch", order, without_answer(kraken::Attempt::End::not_sent));
    {
        const auto hold = scene.budget->reserve(touch("AddOrder", order), scene.now);
    }
    CHECK(scene.rest_used() == 0);
    CHECK(scene.used("XBTUSD") == 0);
}

TEST_CASE("Kraken's answers correct the counters") {
    Scene scene;
    struct Row {
        std::string error;
        Elapsed reads;
        Elapsed orders;
        Elapsed orders_of_other_pair;
    };
    const auto row = GENERATE(values<Row>({
        {"EAPI:Rate limit exceeded", 8'060'607us, 0s, 0s},
        {"EGeneral:Too many requests", 8'060'607us, 0s, 0s},
        {"EOrder:Rate limit exceeded", 0s, 3s, 0s},
        {"EOrder:Domain rate limit exceeded", 0s, 3s, 3s},
        {"EService: Throttled: 1700000009", 9s, 9s, 9s},
        {"EService:Throttled:1700000009", 9s, 9s, 9s},
        {"EService:Busy", 0s, 0s, 0s},
    }));
    CAPTURE(row.error);
    const auto* other = R"({"pair":"ETHUSD"})";
    scene.call("AddOrder", other);
    scene.call("AddOrder", order, refused(row.error));
    CHECK(scene.wait("Balance") == row.reads);
    CHECK(scene.wait("AddOrder", order) == row.orders);
    CHECK(scene.wait("AddOrder", other) == row.orders_of_other_pair);
}

TEST_CASE("a status 429 says the same") {
    Scene scene;
    auto attempt = without_answer(kraken::Attempt::End::lost);
    attempt.too_many = true;
    scene.call("Balance", "", attempt);
    CHECK(scene.wait("Balance") > 5s);
}

TEST_CASE("switched off, everything fits") {
    Scene scene;
    for (int call = 0; call < 100; ++call)
        scene.call("AmendOrder", order, refused("EAPI:Rate limit exceeded"));
    CHECK(scene.wait("AmendOrder", order) > 0s);
    scene.budget->configure(base::Tier::starter, false, scene.now);
    scene.rest.configure(base::Tier::starter, false, scene.now);
    CHECK(scene.wait("Balance") == 0s);
    CHECK(scene.wait("AmendOrder", order) == 0s);
}
