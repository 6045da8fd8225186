// The help of every command fits a terminal and leads on.

#include <catch2/catch.hpp>
#include <sstream>

#include "client/ctl/commands.hpp"
#include "client/ctl/table.hpp"

namespace {

using namespace krakken::ctl;

void check(const CLI::App& app, const std::string& name) {
    const std::string help = app.help(name);
    CAPTURE(name);
    CHECK_FALSE(app.get_description().empty());
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(display_width(line) <= 80);
    }
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty()) {
        CHECK_THAT(help, Catch::Contains("Example"));
        CHECK_THAT(help, Catch::Contains(name + " ") || Catch::Contains(name + "\n"));
    }
    for (const auto* command : commands)
        check(*command, name + " " + command->get_name());
}

}  // namespace

TEST_CASE("the help of every command fits into 80 columns and shows an example") {
    CLI::App app;
    Context context;
    add_commands(app, context);
    check(app, "krakkenctl");
}

TEST_CASE("the commands of the contract are there") {
    CLI::App app;
    Context context;
    add_commands(app, context);
    for (const auto* name :
         {"setup",
          "unlock",
          "lock",
          "status",
          "wait",
          "call",
          "profile",
          "endpoints",
          "audit",
          "doctor",
          "version"})
        CHECK_NOTHROW(app.get_subcommand(name));
    for (const auto* name : {"list", "add", "import", "add-key", "replace-key", "remove", "validate"})
        CHECK_NOTHROW(app.get_subcommand("account")->get_subcommand(name));
    for (const auto* name : {"create", "passphrase", "add-key-file", "remove-key-file"})
        CHECK_NOTHROW(app.get_subcommand("vault")->get_subcommand(name));
    for (const auto* name : {"status", "import"})
        CHECK_NOTHROW(app.get_subcommand("nonce")->get_subcommand(name));
}

TEST_CASE("options of all commands may stand before and behind the command") {
    const auto arguments = GENERATE(
        as<std::vector<const char*>>(),
        std::vector<const char*>{"krakkenctl", "--json", "--socket", "/s", "account", "list"},
        std::vector<const char*>{"krakkenctl", "account", "list", "--json", "--socket", "/s"},
        std::vector<const char*>{"krakkenctl", "account", "--socket=/s", "list", "--json"}
    );
    CLI::App app;
    Context context;
    add_commands(app, context);
    app.parse(static_cast<int>(arguments.size()), arguments.data());
    CHECK(context.json);
    CHECK(context.socket == "/s");
    CHECK(context.command);
}
