// account/lane under many calls at once: nonces reach the wire in order.

#include "support/bench.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

namespace {

using namespace krakken;
using account::Lane;
using kraken::Attempt;
using protocol::find_endpoint;
using protocol::Result;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

const base::KeyId key{"0123abcd"};

bool strictly_rising(const std::vector<std::uint64_t>& nonces) {
    return std::ranges::adjacent_find(nonces, std::greater_equal()) == nonces.end();
}

}  // namespace

TEST_CASE("200 calls at once reach Kraken one by one, in order of arrival and of nonces") {
    test::Bench bench;
    bench.keeper.hold("master", key.hex());
    const auto lane = std::make_shared<Lane>(bench.services, key);
    std::size_t at_once = 0;
    bench.upstream.otherwise = [&](const net::Request&) {
        at_once = std::max(at_once, bench.upstream.held.waiting() + 1);
        return test::answer("{}");
    };
    std::vector<kraken::Parameters> parameters;
    for (int i = 0; i < 200; ++i)
        parameters.push_back(*kraken::Parameters::parse("{\"userref\":" + std::to_string(i) + "}"));
    std::vector<test::EventLoop::Later<Result<Attempt>>> calls;
    const auto later = steady_clock::now() + 1h;
    for (const auto& each : parameters)
        calls.push_back(bench.loop.start(lane->send({*find_endpoint("AddOrder"), each, {later, later}})));
    bench.loop.run();

    REQUIRE(bench.upstream.requests.size() == 200);
    CHECK(strictly_rising(bench.upstream.nonces()));
    CHECK(at_once == 1);
    for (std::size_t i = 0; i < 200; ++i)
        CHECK(bench.upstream.requests[i].body.ends_with("&userref=" + std::to_string(i)));
    CHECK(std::ranges::all_of(calls, [](const auto& call) { return (*call)->has_value(); }));
}

TEST_CASE("slow saves and a wild clock delay calls, but never reorder them or pass the durable bound") {
    test::Bench bench;
    bench.keeper.hold("master", key.hex());
    const auto lane = std::make_shared<Lane>(bench.services, key);
    const auto parameters = *kraken::Parameters::parse("");
    const auto seed = GENERATE(1U, 7U, 20261120U);
    CAPTURE(seed);
    std::mt19937 random(seed);
    bool above_bound = false;
    bench.upstream.otherwise = [&](const net::Request&) {
        above_bound |= bench.upstream.nonces().back() > bench.store.bound(key);
        return test::answer("{}");
    };
    bench.store.saves_held.close();
    bench.upstream.held.close();
    const auto later = steady_clock::now() + 1h;
    std::vector<test::EventLoop::Later<Result<Attempt>>> calls;
    for (int step = 0; step < 2000; ++step) {
        switch (random() % 5) {
            case 0:
                if (calls.size() < 200)
                    calls.push_back(
                        bench.loop.start(lane->send({*find_endpoint("Balance"), parameters, {later, later}}))
                    );
                break;
            case 1:
                bench.store.saves_held.open_for_one();
                break;
            case 2:
            case 3:
                bench.upstream.held.open_for_one();
                break;
            default:
                bench.clock.time += std::chrono::seconds(static_cast<int>(random() % 9) - 3);
        }
        bench.loop.poll();
    }
    bench.store.saves_held.open();
    bench.upstream.held.open();
    bench.loop.run();
    CHECK(bench.upstream.requests.size() == calls.size());
    CHECK(strictly_rising(bench.upstream.nonces()));
    CHECK_FALSE(above_bound);
}

TEST_CASE("a restart in the middle goes on above everything that was sent") {
    test::Bench bench;
    bench.keeper.hold("master", key.hex());
    const auto parameters = *kraken::Parameters::parse("");
    const auto later = steady_clock::now() + 1h;
    for (int run = 0; run < 20; ++run) {
        const auto lane = std::make_shared<Lane>(bench.services, key);
        for (int i = 0; i < 10; ++i)
            REQUIRE(bench.loop.run(lane->send({*find_endpoint("Balance"), parameters, {later, later}})));
        bench.clock.time -= 1min;
    }
    CHECK(bench.upstream.requests.size() == 200);
    CHECK(strictly_rising(bench.upstream.nonces()));
}
