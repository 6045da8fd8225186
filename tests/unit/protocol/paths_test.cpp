#include "protocol/paths.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <stdexcept>

namespace {

using namespace krakken::protocol;

Environment environment(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    };
}

}  // namespace

TEST_CASE("a user's folders") {
    const Paths paths = find_paths({}, environment({{"HOME", "/home/ann"}}));
    CHECK(paths.config_dir == "/home/ann/.config/kraken_bot");
    CHECK(paths.state_dir == "/home/ann/.local/state/kraken_bot");
    CHECK(paths.runtime_dir == "/home/ann/.local/state/kraken_bot/run");
    CHECK(paths.vault_file == "/home/ann/.config/kraken_bot/secrets.enc");
    CHECK(paths.config_file() == "/home/ann/.config/kraken_bot/config.toml");
    CHECK(paths.client_socket() == "/home/ann/.local/state/kraken_bot/run/krakkend.sock");
    CHECK(paths.admin_socket() == "/home/ann/.local/state/kraken_bot/run/admin.sock");
}

TEST_CASE("XDG folders come before the home's") {
    const Paths paths = find_paths(
        {},
        environment(
            {{"HOME", "/home/ann"},
             {"XDG_CONFIG_HOME", "/c"},
             {"XDG_STATE_HOME", "/s"},
             {"XDG_RUNTIME_DIR", "/run/user/1"}}
        )
    );
    CHECK(paths.config_dir == "/c/kraken_bot");
    CHECK(paths.state_dir == "/s/kraken_bot");
    CHECK(paths.runtime_dir == "/run/user/1/krakkend");
}

TEST_CASE("an XDG folder that is not absolute does not count") {
    const Paths paths = find_paths(
        {}, environment({{"HOME", "/home/ann"}, {"XDG_CONFIG_HOME", "c"}, {"XDG_RUNTIME_DIR", "r"}})
    );
    CHECK(paths.config_dir == "/home/ann/.config/kraken_bot");
    CHECK(paths.runtime_dir == "/home/ann/.local/state/kraken_bot/run");
}

TEST_CASE("command line, own variables, the service manager's, XDG: in this order") {
    std::map<std::string, std::string> variables{
        {"HOME", "/home/ann"},
        {"XDG_CONFIG_HOME", "/xdg"},
        {"XDG_STATE_HOME", "/xdg"},
        {"XDG_RUNTIME_DIR", "/xdg"}
    };
    for (const auto* which : {"CONFIGURATION_DIRECTORY", "STATE_DIRECTORY", "RUNTIME_DIRECTORY"})
        variables[which] = "/service";
    Paths paths = find_paths({}, environment(variables));
    CHECK(paths.config_dir == "/service");
    CHECK(paths.state_dir == "/service");
    CHECK(paths.runtime_dir == "/service");

    for (const auto* which : {"KRAKKEND_CONFIG_DIR", "KRAKKEND_STATE_DIR", "KRAKKEND_RUNTIME_DIR"})
        variables[which] = "/own";
    paths = find_paths({}, environment(variables));
    CHECK(paths.config_dir == "/own");
    CHECK(paths.state_dir == "/own");
    CHECK(paths.runtime_dir == "/own");

    PathChoices choices;
    choices.config_dir = choices.state_dir = choices.runtime_dir = "/typed";
    paths = find_paths(choices, environment(variables));
    CHECK(paths.config_dir == "/typed");
    CHECK(paths.state_dir == "/typed");
    CHECK(paths.runtime_dir == "/typed");
}

TEST_CASE("the vault of a system service lies beside its state, of any other in the configuration") {
    const std::map<std::string, std::string> service{
        {"CONFIGURATION_DIRECTORY", "/etc/kraken_bot"}, {"STATE_DIRECTORY", "/var/lib/krakkend"}
    };
    auto variables = service;
    variables["RUNTIME_DIRECTORY"] = "/run/krakkend";
    CHECK(find_paths({}, environment(variables)).vault_file == "/var/lib/krakkend/secrets.enc");
    PathChoices choices;
    choices.config_dir = "/c";
    CHECK(find_paths(choices, environment(variables)).vault_file == "/c/secrets.enc");
    variables["KRAKKEND_CONFIG_DIR"] = "/k";
    CHECK(find_paths({}, environment(variables)).vault_file == "/k/secrets.enc");
}

TEST_CASE("the system service's folders are those that systemd names") {
    const Paths paths = find_paths(
        {},
        environment(
            {{"CONFIGURATION_DIRECTORY", "/etc/kraken_bot"},
             {"STATE_DIRECTORY", "/var/lib/krakkend"},
             {"RUNTIME_DIRECTORY", "/run/krakkend"},
             {"HOME", "/var/lib/krakkend"}}
        )
    );
    CHECK(paths.config_file() == "/etc/kraken_bot/config.toml");
    CHECK(paths.vault_file == "/var/lib/krakkend/secrets.enc");
    CHECK(paths.state_dir == "/var/lib/krakkend");
    CHECK(paths.client_socket() == system_runtime_dir / "krakkend.sock");
    CHECK(paths.admin_socket() == system_runtime_dir / "admin.sock");
}

TEST_CASE("each folder is overridden alone, by the command line and by the environment") {
    const std::map<std::string, std::string> user{{"HOME", "/h"}, {"XDG_RUNTIME_DIR", "/x"}};
    const Paths plain = find_paths({}, environment(user));
    const bool typed = GENERATE(true, false);
    const auto with = [&](const char* variable, std::optional<std::filesystem::path> PathChoices::* choice) {
        PathChoices choices;
        auto variables = user;
        if (typed) {
            choices.*choice = "/o";
        } else {
            variables[variable] = "/o";
        }
        return find_paths(choices, environment(variables));
    };
    const Paths config = with("KRAKKEND_CONFIG_DIR", &PathChoices::config_dir);
    CHECK(config.config_file() == "/o/config.toml");
    CHECK(config.vault_file == "/o/secrets.enc");
    CHECK(config.state_dir == plain.state_dir);
    CHECK(config.runtime_dir == plain.runtime_dir);
    const Paths state = with("KRAKKEND_STATE_DIR", &PathChoices::state_dir);
    CHECK(state.state_dir == "/o");
    CHECK(state.vault_file == plain.vault_file);
    CHECK(state.runtime_dir == plain.runtime_dir);
    const Paths runtime = with("KRAKKEND_RUNTIME_DIR", &PathChoices::runtime_dir);
    CHECK(runtime.client_socket() == "/o/krakkend.sock");
    CHECK(runtime.config_dir == plain.config_dir);
    CHECK(runtime.state_dir == plain.state_dir);
}

TEST_CASE("without a runtime folder of the session the sockets lie in the state folder that is used") {
    PathChoices choices;
    choices.state_dir = "/s";
    CHECK(find_paths(choices, environment({{"HOME", "/h"}})).runtime_dir == "/s/run");
}

TEST_CASE("relative folders of the command line count from the current one") {
    PathChoices choices;
    choices.runtime_dir = "run";
    const Paths paths = find_paths(choices, environment({{"HOME", "/h"}}));
    CHECK(paths.runtime_dir == std::filesystem::current_path() / "run");
}

TEST_CASE("without a home the folders must be named") {
    CHECK_THROWS_AS(find_paths({}, environment({})), std::runtime_error);
    PathChoices choices;
    choices.config_dir = "/c";
    CHECK_THROWS_AS(find_paths(choices, environment({})), std::runtime_error);
    choices.state_dir = "/s";
    CHECK(find_paths(choices, environment({})).runtime_dir == "/s/run");
}
