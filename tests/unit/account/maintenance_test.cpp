// account/maintenance: when placements are held off because the market takes none.

#include "account/maintenance.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace krakken;
using namespace std::chrono_literals;
using account::Elapsed;
using account::Maintenance;

kraken::Attempt answered(std::string error = "") {
    kraken::Attempt attempt;
    attempt.end = kraken::Attempt::End::answered;
    if (!error.empty()) attempt.answer.errors = {std::move(error)};
    return attempt;
}

struct Scene {
    // How long a placement is held off; none if it may be sent.
    std::optional<Elapsed> held(std::string pair = "XBTUSD", bool post_only = false) {
        const auto permit = maintenance->admit({std::move(pair), post_only}, now);
        return permit ? std::nullopt : std::optional(permit.error().wait);
    }
    void place(std::string error = "", std::string pair = "XBTUSD", bool post_only = false) {
        auto permit = maintenance->admit({std::move(pair), post_only}, now);
        REQUIRE(permit);
        permit->settle(answered(std::move(error)), now);
    }

    Elapsed now = 1h;
    std::shared_ptr<Maintenance> maintenance = std::make_shared<Maintenance>();
};

constexpr auto cancel_only = "EService:Market in cancel_only mode";
constexpr auto post_only = "EService:Market in post_only mode";

}  // namespace

TEST_CASE("what Kraken says to one placement holds off the next ones of its pair, for a growing while") {
    Scene scene;
    const auto text = GENERATE(as<std::string>(), cancel_only, "EService:Unavailable", post_only);
    scene.place(text);
    for (const Elapsed wait : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        CHECK(scene.held() == wait);
        CHECK_FALSE(scene.held("ETHUSD"));
        scene.now += wait;
        scene.place(text);
    }
    scene.now += 30s;
    scene.place();
    CHECK_FALSE(scene.held());
    scene.place(text);
    CHECK(scene.held() == 1s);
}

TEST_CASE("one placement at a time finds out, and what others were answered meanwhile prolongs nothing") {
    Scene scene;
    auto first = scene.maintenance->admit({"XBTUSD"}, scene.now);
    auto second = scene.maintenance->admit({"XBTUSD"}, scene.now);
    first->settle(answered(cancel_only), scene.now);
    second->settle(answered(cancel_only), scene.now);
    CHECK(scene.held() == 1s);
    scene.now += 1s;
    {
        const auto probe = scene.maintenance->admit({"XBTUSD"}, scene.now);
        REQUIRE(probe);
        CHECK(scene.held() == 1s);
    }
    CHECK_FALSE(scene.held());  // it was not sent, so another may
}

TEST_CASE("a refusal of another kind, and a success, end it; no answer does not") {
    const auto [attempt, ends] = GENERATE(table<kraken::Attempt, bool>({
        {answered(), true},
        {answered("EOrder:Insufficient funds"), true},
        {answered("EService:Market in limit_only mode"), true},
        {kraken::Attempt{}, false},
    }));
    Scene scene;
    scene.place(cancel_only);
    scene.now += 1s;
    {
        auto probe = scene.maintenance->admit({"XBTUSD"}, scene.now);
        probe->settle(attempt, scene.now);
    }
    scene.place(cancel_only);
    CHECK(scene.held() == (ends ? 1s : 2s));
}

TEST_CASE("in post_only mode such orders pass, and say nothing of the others") {
    Scene scene;
    scene.place(post_only);
    CHECK_FALSE(scene.held("XBTUSD", true));
    scene.place("", "XBTUSD", true);
    CHECK(scene.held() == 1s);
}

TEST_CASE("SystemStatus speaks for all pairs") {
    Scene scene;
    const auto status = GENERATE(as<std::string>(), "cancel_only", "maintenance", "post_only");
    scene.maintenance->system_is(status, scene.now);
    CHECK(scene.held("ETHUSD") == 1s);
    CHECK(scene.held("ETHUSD", true).has_value() == (status != "post_only"));
    scene.maintenance->system_is("something new", scene.now);
    CHECK(scene.held() == 1s);
    scene.maintenance->system_is("online", scene.now);
    CHECK_FALSE(scene.held());
}
