// packaging/config.toml, which shows operators every setting with its default.

#include "app/configuration.hpp"
#include "support/scratch.hpp"

#include <toml++/toml.h>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

namespace {

using namespace krakken;

std::string example() {
    std::ifstream file(EXAMPLE_CONFIGURATION);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("the example configuration holds every setting") {
    const toml::table table = toml::parse(example());
    for (const std::string& name : app::setting_names()) {
        CAPTURE(name);
        CHECK(table.at_path(name));
    }
}

TEST_CASE("the example configuration says what holds without it") {
    const test::Scratch scratch;
    const auto shown = app::read_configuration(scratch.file("config.toml", example()));
    REQUIRE(shown);
    const app::Configuration usual;
    CHECK(app::need_restart(usual, *shown).empty());
    CHECK(shown->profile.region == usual.profile.region);
    CHECK(shown->profile.supports_margin == usual.profile.supports_margin);
    CHECK(shown->profile.supports_futures == usual.profile.supports_futures);
    CHECK(shown->profile.supports_staking == usual.profile.supports_staking);
    CHECK(shown->default_account == usual.default_account);
    CHECK(shown->rate_model == usual.rate_model);
    CHECK(shown->retry.max_attempts == usual.retry.max_attempts);
    CHECK(shown->retry.base_delay == usual.retry.base_delay);
    CHECK(shown->retry.max_delay == usual.retry.max_delay);
    CHECK(shown->log_level == usual.log_level);
    CHECK(shown->log_format == usual.log_format);
    REQUIRE(shown->accounts.size() == 1);
    CHECK(shown->accounts.begin()->second.tier == account::AccountOptions().tier);
    CHECK(shown->accounts.begin()->second.nonce_unit == account::AccountOptions().nonce_unit);
}
