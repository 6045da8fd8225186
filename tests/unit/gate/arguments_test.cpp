// gate/arguments: parameters against the method table.

#include "gate/arguments.hpp"

#include "base/types.hpp"

#include <catch2/catch.hpp>
#include <regex>

namespace {

using namespace krakken;
using gate::Arguments;
using protocol::ErrorCode;
using protocol::find_method;

Arguments good(std::string_view raw, std::string_view method) {
    auto arguments = Arguments::parse(raw, *find_method(method));
    if (!arguments) FAIL(arguments.error().message);
    return std::move(*arguments);
}

}  // namespace

TEST_CASE("parameters are found by name") {
    const std::string raw = R"({"params":{"a": 1.10},"endpoint":"A\u0064dOrder","timeout_ms":5})";
    const Arguments arguments = good(raw, "call");
    CHECK(arguments.text("endpoint") == "AddOrder");
    CHECK(arguments.raw("params") == R"({"a": 1.10})");
    CHECK(arguments.integer("timeout_ms") == 5);
    CHECK_FALSE(arguments.integer("max_wait_ms"));
    CHECK_FALSE(arguments.has("account"));
    CHECK_FALSE(arguments.text("account"));
    CHECK(arguments.raw("account").empty());
}

TEST_CASE("an absent optional value may be null") {
    const Arguments arguments =
        good(R"({"endpoint":"Time","account":null,"params":null,"timeout_ms":null})", "call");
    CHECK_FALSE(arguments.has("account"));
    CHECK_FALSE(arguments.has("params"));
    CHECK(arguments.integer("timeout_ms") == 30000);  // the table's
    CHECK_FALSE(good("", "ping").has("x"));
    CHECK_FALSE(good("{}", "ping").has("x"));
}

TEST_CASE("what does not fit the table is refused") {
    struct Row {
        std::string method;
        std::string raw;
    };
    const auto [method, raw] = GENERATE(
        as<Row>(),
        Row{"ping", R"({"x":1})"},
        Row{"ping", "[]"},
        Row{"ping", "1"},
        Row{"ping", "null"},
        Row{"call", ""},
        Row{"call", "{}"},
        Row{"call", R"({"endpoint":null})"},
        Row{"call", R"({"endpoint":1})"},
        Row{"call", R"({"endpoint":"Time","params":[]})"},
        Row{"call", R"({"endpoint":"Time","params":"x"})"},
        Row{"call", R"({"endpoint":"Time","timeout_ms":"5"})"},
        Row{"call", R"({"endpoint":"Time","timeout_ms":true})"},
        Row{"call", R"({"endpoint":"Time","account":{}})"},
        Row{"call", R"({"endpoint":"Time","endpoint":"Time"})"},
        Row{"call", R"({"endpoint":"Time","\u0065ndpoint":"Time"})"},
        Row{"call", R"({"endpoint":"Time","params":{"a":1,"a":2}})"},
        Row{"call", R"({"endpoint":"Time","Account":"x"})"},
        Row{"unlock", R"({"passphrase":5})"},
        Row{"account.add", R"({"name":"a","api_key":"b"})"}
    );
    CAPTURE(method, raw);
    const auto arguments = Arguments::parse(raw, *find_method(method));
    REQUIRE_FALSE(arguments);
    CHECK(arguments.error().code == ErrorCode::invalid_params);
}

TEST_CASE("a whole number is whole, and within its bounds") {
    struct Row {
        std::string digits;
        bool is_good;
    };
    const auto [digits, is_good] = GENERATE(
        as<Row>(),
        Row{"1", true},
        Row{"120000", true},
        Row{"0", false},
        Row{"-1", false},
        Row{"120001", false},
        Row{"1.0", false},
        Row{"1e3", false},
        Row{"99999999999999999999", false}
    );
    CAPTURE(digits);
    const std::string raw = R"({"endpoint":"Time","timeout_ms":)" + digits + "}";
    const auto arguments = Arguments::parse(raw, *find_method("call"));
    REQUIRE(arguments.has_value() == is_good);
    if (is_good) {
        CHECK(arguments->integer("timeout_ms") == std::stoll(digits));
    } else {
        CHECK(arguments.error().code == ErrorCode::invalid_params);
        CHECK(arguments.error().message == "timeout_ms must be a whole number from 1 to 120000");
    }
}

TEST_CASE("a choice is one of the table's, and nothing of a wrong one is repeated") {
    CHECK(good(R"({"for":"re\u0061dy"})", "wait").text("for") == "ready");
    const auto refused = Arguments::parse(R"({"for":"hunter2"})", *find_method("wait"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_params);
    CHECK(refused.error().message == "for must be one of: unlocked, ready");
    const Arguments added = good(R"({"name":"a","api_key":"k","api_secret":"s"})", "account.add");
    CHECK(added.text("save") == "validated");
    CHECK(added.text("tier") == "intermediate");
}

TEST_CASE("a secret is decoded into memory of its own") {
    const std::string raw = R"({"passphrase":"a\u0062\n\u20ac\"c"})";
    const auto secret = good(raw, "unlock").secret("passphrase");
    CHECK(secret.use([](std::string_view text) { return text == "ab\n\xE2\x82\xAC\"c"; }));
    const std::string empty = R"({"passphrase":""})";
    CHECK(good(empty, "unlock").secret("passphrase").empty());
}

TEST_CASE("the pattern that the table tells for names is the one that they are held to") {
    for (const char* method : {"account.add", "account.validate", "account.remove", "nonce.import"}) {
        const auto& parameter = find_method(method)->parameters.front();
        const std::regex pattern{std::string(parameter.pattern)};
        for (const std::string& name :
             {std::string("a"),
              std::string("user_env-9"),
              std::string(64, 'z'),
              std::string(65, 'z'),
              std::string(),
              std::string("A"),
              std::string("a b"),
              std::string("a."),
              std::string("a\n"),
              std::string("\xC3\xA4")}) {
            CAPTURE(method, name);
            CHECK(std::regex_match(name, pattern) == base::AccountName::parse(name).has_value());
        }
    }
}
