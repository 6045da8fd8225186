// protocol/environment: variables that were meant for us.

#include "protocol/environment.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

using namespace krakken::protocol;

TEST_CASE("a misspelt variable is named together with the one that was meant") {
    struct Row {
        std::string name;
        std::string nearest;
    };
    const auto [name, nearest] = GENERATE(
        as<Row>(),
        Row{"KRAKEND_CONFIG_DIR", "KRAKKEND_CONFIG_DIR"},
        Row{"KRAKKEN_STATE_DIR", "KRAKKEND_STATE_DIR"},
        Row{"KRAKKEND_RUNTIMEDIR", "KRAKKEND_RUNTIME_DIR"},
        Row{"KRAKEND_SOCKET", "KRAKKEND_SOCKET"},
        Row{"KRAKKENCTL_SOCKET", "KRAKKEND_SOCKET"},
        Row{"KRAKKEN_API_KEY", "KRAKEN_API_KEY"},
        Row{"KRAKKEND_API_SECRET", "KRAKEN_API_SECRET"},
        Row{"KRAKEND_MASTER_API_KEY", "KRAKEN_MASTER_API_KEY"},
        Row{"KRAKKEN_USER_BOB_API_SECRET", "KRAKEN_USER_BOB_API_SECRET"},
        Row{"KRAKEND_USER_A_USER_B_API_KEY", "KRAKEN_USER_A_USER_B_API_KEY"}
    );
    const auto misspelt = misspelt_variables({"PATH", name, "HOME"});
    REQUIRE(misspelt.size() == 1);
    CHECK(misspelt[0].name == name);
    CHECK(misspelt[0].nearest == nearest);
}

TEST_CASE("variables that are known, or somebody else's, are not misspelt") {
    CHECK(misspelt_variables({"KRAKKEND_CONFIG_DIR",
                              "KRAKKEND_STATE_DIR",
                              "KRAKKEND_RUNTIME_DIR",
                              "KRAKKEND_SOCKET",
                              "KRAKEN_API_KEY",
                              "KRAKEN_USER_BOB_API_KEY",
                              "KRAKEN_SOMETHING_ELSE",
                              "XKRAKKEN_A",
                              "KRAKKEN"})
              .empty());
}

TEST_CASE("the names of the process environment, without their values") {
    REQUIRE(::setenv("KRAKEND_TEST_VARIABLE", "a=b", 1) == 0);
    const auto names = environment_names();
    CHECK(std::ranges::find(names, "KRAKEND_TEST_VARIABLE") != names.end());
    CHECK(process_environment("KRAKEND_TEST_VARIABLE") == "a=b");
    ::unsetenv("KRAKEND_TEST_VARIABLE");
    CHECK(process_environment("KRAKEND_TEST_VARIABLE").empty());
}
