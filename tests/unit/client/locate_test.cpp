#include "client/locate.hpp"

#include <catch2/catch.hpp>
#include <map>

namespace {

using namespace krakken::client;
using krakken::protocol::Environment;
using krakken::protocol::SocketKind;
using Paths = std::vector<std::filesystem::path>;

Environment environment(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    };
}

const std::map<std::string, std::string> user{{"HOME", "/home/ann"}, {"XDG_RUNTIME_DIR", "/run/user/1"}};

std::map<std::string, std::string> user_with(const std::string& name, const std::string& value) {
    auto variables = user;
    variables[name] = value;
    return variables;
}

}  // namespace

TEST_CASE("the user's own daemon first, then the system's") {
    CHECK(
        find_sockets(SocketKind::client, {}, environment(user)) ==
        Paths{"/run/user/1/krakkend/krakkend.sock", "/run/krakkend/krakkend.sock"}
    );
    CHECK(
        find_sockets(SocketKind::admin, {}, environment(user)) ==
        Paths{"/run/user/1/krakkend/admin.sock", "/run/krakkend/admin.sock"}
    );
}

TEST_CASE("a user without a home has the system's daemon only") {
    CHECK(find_sockets(SocketKind::client, {}, environment({})) == Paths{"/run/krakkend/krakkend.sock"});
}

TEST_CASE("a daemon that is named stands alone") {
    const auto& [name, value, socket] = GENERATE(table<std::string, std::string, std::string>(
        {{"KRAKKEND_SOCKET", "/a/my.sock", "/a/my.sock"},
         {"KRAKKEND_RUNTIME_DIR", "/b", "/b/krakkend.sock"},
         {"KRAKKEND_STATE_DIR", "/c", "/run/user/1/krakkend/krakkend.sock"},
         {"KRAKKEND_CONFIG_DIR", "/d", "/run/user/1/krakkend/krakkend.sock"}}
    ));
    CAPTURE(name);
    CHECK(find_sockets(SocketKind::client, {}, environment(user_with(name, value))) == Paths{socket});
}

TEST_CASE("the admin socket lies beside the client socket that is named") {
    CHECK(
        find_sockets(SocketKind::admin, {}, environment({{"KRAKKEND_SOCKET", "/a/my.sock"}})) ==
        Paths{"/a/admin.sock"}
    );
    SocketChoices choices;
    choices.socket = "sub/my.sock";
    CHECK(
        find_sockets(SocketKind::admin, choices, environment({})) ==
        Paths{std::filesystem::current_path() / "sub/admin.sock"}
    );
}

TEST_CASE("the command line comes before the environment") {
    const auto variables = environment(user_with("KRAKKEND_SOCKET", "/a/my.sock"));
    SocketChoices choices;
    choices.folders.runtime_dir = "/typed";
    CHECK(find_sockets(SocketKind::client, choices, variables) == Paths{"/typed/krakkend.sock"});
    choices.socket = "/typed/my.sock";
    CHECK(find_sockets(SocketKind::client, choices, variables) == Paths{"/typed/my.sock"});
    SocketChoices state;
    state.folders.state_dir = "/state";
    CHECK(
        find_sockets(SocketKind::client, state, environment({{"HOME", "/home/ann"}})) ==
        Paths{"/state/run/krakkend.sock"}
    );
}

TEST_CASE("the folders of the service that a bot is are not the daemon's") {
    auto variables = user;
    variables["RUNTIME_DIRECTORY"] = "/run/mybot";
    variables["STATE_DIRECTORY"] = "/var/lib/mybot";
    variables["CONFIGURATION_DIRECTORY"] = "/etc/mybot";
    CHECK(
        find_sockets(SocketKind::client, {}, environment(variables)) ==
        Paths{"/run/user/1/krakkend/krakkend.sock", "/run/krakkend/krakkend.sock"}
    );
}
