#include "protocol/methods.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace {

using namespace krakken::protocol;

}  // namespace

TEST_CASE("method names are unlike each other and found as they are written") {
    std::set<std::string_view> names;
    for (const auto& method : methods()) {
        CAPTURE(method.name);
        CHECK(names.insert(method.name).second);
        CHECK(find_method(method.name) == &method);
        CHECK_FALSE(method.summary.empty());
        std::set<std::string_view> parameters;
        for (const auto& parameter : method.parameters)
            CHECK(parameters.insert(parameter.name).second);
    }
    CHECK(find_method("") == nullptr);
    CHECK(find_method("Ping") == nullptr);
}

TEST_CASE("each method is served by the sockets of the contract") {
    const auto& [name, client, admin] = GENERATE(table<std::string, bool, bool>(
        {{"ping", true, true},
         {"version", true, true},
         {"status", true, true},
         {"account.list", true, true},
         {"rpc.discover", true, true},
         {"gateway.show", true, true},
         {"profile", true, false},
         {"endpoints", true, false},
         {"call", true, false},
         {"wait", true, false},
         {"nonce.status", true, false},
         {"vault.create", false, true},
         {"unlock", false, true},
         {"lock", false, true},
         {"vault.change_passphrase", false, true},
         {"vault.add_key_file", false, true},
         {"vault.remove_key_file", false, true},
         {"account.add", false, true},
         {"account.add_key", false, true},
         {"account.replace_key", false, true},
         {"account.validate", false, true},
         {"account.remove", false, true},
         {"nonce.import", false, true},
         {"audit.tail", false, true},
         {"audit.verify", false, true},
         {"reload", false, true},
         {"shutdown", false, true}}
    ));
    CAPTURE(name);
    REQUIRE(find_method(name));
    CHECK(is_served(*find_method(name), SocketKind::client) == client);
    CHECK(is_served(*find_method(name), SocketKind::admin) == admin);
}

TEST_CASE("no secret is a parameter on the client socket") {
    const std::set<std::string_view> secret{"passphrase", "old", "new", "api_key", "api_secret", "otp"};
    for (const auto& method : methods()) {
        if (method.served == Served::on_admin) continue;
        for (const auto& parameter : method.parameters) {
            CAPTURE(method.name, parameter.name);
            CHECK_FALSE(secret.contains(parameter.name));
            CHECK_FALSE(parameter.secret);
        }
    }
}

TEST_CASE("what acts must be answered") {
    for (const auto& method : methods()) {
        CAPTURE(method.name);
        const bool shows = method.name.starts_with("audit.") || method.name.ends_with(".list") ||
                           method.name.ends_with(".show");
        if (method.served == Served::on_admin && !shows) CHECK(method.needs_answer);
        if (method.name == "call") CHECK(method.needs_answer);
    }
}
