// app/options: the daemon's command line.

#include "app/options.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace {

using krakken::app::Options;

std::variant<Options, int> read(std::vector<std::string> words) {
    words.insert(words.begin(), "krakkend");
    std::vector<char*> pointers;
    for (auto& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return krakken::app::read_options(static_cast<int>(words.size()), pointers.data());
}

}  // namespace

TEST_CASE("nothing said is nothing chosen") {
    const auto options = std::get<Options>(read({}));
    CHECK_FALSE(options.paths.config_dir);
    CHECK_FALSE(options.paths.state_dir);
    CHECK_FALSE(options.paths.runtime_dir);
    CHECK(options.log_level.empty());
    CHECK_FALSE(options.check_config);
}

TEST_CASE("folders, level and check are taken as given") {
    const auto options = std::get<Options>(read(
        {"--config-dir",
         "/c",
         "--state-dir=/s",
         "--runtime-dir",
         "/r",
         "--log-level",
         "debug",
         "--check-config"}
    ));
    CHECK(options.paths.config_dir == "/c");
    CHECK(options.paths.state_dir == "/s");
    CHECK(options.paths.runtime_dir == "/r");
    CHECK(options.log_level == "debug");
    CHECK(options.check_config);
}

TEST_CASE("a mistake is told from a question") {
    CHECK(std::get<int>(read({"--version"})) == 0);
    CHECK(std::get<int>(read({"--help"})) == 0);
    CHECK(std::get<int>(read({"--nonsense"})) != 0);
    CHECK(std::get<int>(read({"--log-level", "loud"})) != 0);
    CHECK(std::get<int>(read({"word"})) != 0);
    CHECK(std::get<int>(read({"--config-dir"})) != 0);
}
