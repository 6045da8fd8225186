// account/latency: percentiles of the latest calls.

#include "account/latency.hpp"

#include <catch2/catch.hpp>

using krakken::account::Latency;
using namespace std::chrono_literals;

TEST_CASE("no call has no latency") {
    CHECK(Latency().percentile(0.5) == 0us);
    CHECK(Latency().percentile(1) == 0us);
}

TEST_CASE("one call is every percentile") {
    Latency latency;
    latency.add(7us);
    CHECK(latency.percentile(0) == 7us);
    CHECK(latency.percentile(0.5) == 7us);
    CHECK(latency.percentile(0.99) == 7us);
    CHECK(latency.percentile(1) == 7us);
}

TEST_CASE("percentiles do not depend on the order") {
    Latency latency;
    for (int i = 0; i < 100; ++i)
        latency.add(std::chrono::microseconds((i * 37) % 100));
    CHECK(latency.percentile(0) == 0us);
    CHECK(latency.percentile(0.5) == 50us);
    CHECK(latency.percentile(0.99) == 99us);
    CHECK(latency.percentile(1) == 99us);
}

TEST_CASE("only the latest 256 calls count") {
    Latency latency;
    for (int i = 0; i < 1000; ++i)
        latency.add(1h);
    for (int i = 0; i < 256; ++i)
        latency.add(1us);
    CHECK(latency.percentile(1) == 1us);
    latency.add(2us);
    CHECK(latency.percentile(1) == 2us);
}
