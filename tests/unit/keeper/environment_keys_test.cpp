// What is taken out of the environment, what is not used, and what is left behind.

#include "keeper/environment_keys.hpp"
#include "keeper/contents.hpp"
#include "memory_scan.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace krakken::keeper;
using namespace krakken::keeper::test;
using krakken::protocol::ErrorCode;

namespace {

const std::string secret(example_secret);
const std::string other_secret =
    "FRs+gtq09rR7OFtKj9BGhyOGS3u5vtY/EdiIBO9kD8NFtRX7w7LeJDSrX6cq1D8zmQmGkWFjksuhBvKOAWJohQ==";

std::string text_of(std::span<const unsigned char> bytes) {
    return {bytes.begin(), bytes.end()};
}

// The accounts, and the API key of each.
std::map<std::string, std::string> accounts(EnvironmentKeys keys) {
    const auto contents = Contents::parse(std::move(keys.records)).value();
    std::map<std::string, std::string> found;
    contents.bytes().use([&](std::span<const unsigned char> bytes) {
        for (const StoredKey& key : contents.keys())
            found.emplace(key.info.account.text(), text_of(key.api_key.of(bytes)));
    });
    return found;
}

std::map<std::string, std::string> accounts_in(std::vector<std::string> entries) {
    Environment environment(std::move(entries));
    return accounts(take_environment_keys(environment.list()).value());
}

std::vector<std::string> warnings_in(std::vector<std::string> entries) {
    Environment environment(std::move(entries));
    auto keys = take_environment_keys(environment.list()).value();
    CHECK(accounts({std::move(keys.records), {}}).empty());
    return keys.warnings;
}

krakken::protocol::Error refusal_of(std::vector<std::string> entries) {
    Environment environment(std::move(entries));
    const auto refused = take_environment_keys(environment.list());
    REQUIRE_FALSE(refused.has_value());
    CHECK(environment.left().empty());
    return refused.error();
}

using Accounts = std::map<std::string, std::string>;
using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a whole pair makes an account of the name in its variables", "[environment]") {
    CHECK(accounts_in({}).empty());
    CHECK(accounts_in({"KRAKEN_API_KEY=a", "KRAKEN_API_SECRET=" + secret}) == Accounts{{"master", "a"}});
    CHECK(
        accounts_in({"KRAKEN_MASTER_API_SECRET=" + secret, "KRAKEN_MASTER_API_KEY=a"}) ==
        Accounts{{"master", "a"}}
    );
    CHECK(
        accounts_in(
            {"KRAKEN_USER_BOB_API_KEY=b",
             "KRAKEN_API_KEY=a",
             "KRAKEN_USER_BOB_API_SECRET=" + secret,
             "KRAKEN_USER_ALICE_API_KEY=c",
             "KRAKEN_API_SECRET=" + secret,
             "KRAKEN_USER_ALICE_API_SECRET=" + secret}
        ) == Accounts{{"master", "a"}, {"user_alice", "c"}, {"user_bob", "b"}}
    );
}

TEST_CASE("the secret of a pair is that of its own variable, decoded", "[environment]") {
    Environment environment(
        {"KRAKEN_USER_A_API_KEY=a",
         "KRAKEN_USER_B_API_KEY=b",
         "KRAKEN_USER_B_API_SECRET=QUJD",
         "KRAKEN_USER_A_API_SECRET=WFla"}
    );
    auto keys = take_environment_keys(environment.list()).value();
    const auto contents = Contents::parse(std::move(keys.records)).value();
    contents.bytes().use([&](std::span<const unsigned char> bytes) {
        REQUIRE(contents.keys().size() == 2);
        CHECK(text_of(contents.keys()[0].api_secret.of(bytes)) == "XYZ");
        CHECK(text_of(contents.keys()[1].api_secret.of(bytes)) == "ABC");
    });
}

TEST_CASE("names are folded as everywhere", "[environment]") {
    for (const auto& [name, account] : std::map<std::string, std::string>{
             {"Desk-2", "user_desk-2"},
             {"MY BOT", "user_my_bot"},
             {"a.b/../c", "user_a_b____c"},
             {"J\xC3\xB6rg", "user_j_rg"},
             {"A_API_KEY", "user_a_api_key"},
             {std::string(59, 'X'), "user_" + std::string(59, 'x')},
         }) {
        CAPTURE(name);
        CHECK(
            accounts_in(
                {"KRAKEN_USER_" + name + "_API_KEY=k", "KRAKEN_USER_" + name + "_API_SECRET=" + secret}
            ) == Accounts{{account, "k"}}
        );
    }
}

TEST_CASE("spellings that fold to one account are one account, or an error", "[environment]") {
    CHECK(
        accounts_in({"KRAKEN_USER_Al.ice_API_KEY=k", "KRAKEN_USER_AL_ICE_API_SECRET=" + secret}) ==
        Accounts{{"user_al_ice", "k"}}
    );
    CHECK(
        accounts_in(
            {"KRAKEN_USER_a_API_KEY=k", "KRAKEN_USER_A_API_KEY=k", "KRAKEN_USER_A_API_SECRET=" + secret}
        ) == Accounts{{"user_a", "k"}}
    );
    const auto refused = refusal_of(
        {"KRAKEN_USER_a_API_KEY=first", "KRAKEN_USER_A_API_SECRET=" + secret, "KRAKEN_USER_A_API_KEY=second"}
    );
    CHECK(refused.code == ErrorCode::invalid_params);
    CHECK(
        refused.message ==
        "KRAKEN_USER_a_API_KEY and KRAKEN_USER_A_API_KEY both belong to account user_a, and differ"
    );
    CHECK_FALSE(refused.remedy.empty());
    // Of equal length, so that the bytes are compared.
    CHECK(
        refusal_of({"KRAKEN_USER_a_API_SECRET=" + secret, "KRAKEN_USER_A_API_SECRET=" + other_secret})
            .message.find("both belong to account user_a") != std::string::npos
    );
}

TEST_CASE("both pairs of the master are the same, or an error", "[environment]") {
    const auto both = [](const std::string& api_key, const std::string& api_secret) {
        return Strings{
            "KRAKEN_API_KEY=a",
            "KRAKEN_API_SECRET=" + secret,
            "KRAKEN_MASTER_API_KEY=" + api_key,
            "KRAKEN_MASTER_API_SECRET=" + api_secret
        };
    };
    CHECK(accounts_in(both("a", secret)) == Accounts{{"master", "a"}});
    CHECK(accounts_in(both("a\n", " " + secret)) == Accounts{{"master", "a"}});
    CHECK(
        refusal_of(both("b", secret)).message ==
        "KRAKEN_API_KEY and KRAKEN_MASTER_API_KEY both belong to account master, and differ"
    );
    CHECK(
        refusal_of(both("a", other_secret)).message ==
        "KRAKEN_API_SECRET and KRAKEN_MASTER_API_SECRET both belong to account master, and differ"
    );
}

TEST_CASE("a whole pair of the master goes before half of the other", "[environment]") {
    Environment environment(
        {"KRAKEN_API_KEY=half", "KRAKEN_MASTER_API_KEY=whole", "KRAKEN_MASTER_API_SECRET=" + secret}
    );
    auto keys = take_environment_keys(environment.list()).value();
    CHECK(keys.warnings == Strings{"KRAKEN_API_SECRET is missing or blank, so KRAKEN_API_KEY is ignored"});
    CHECK(accounts({std::move(keys.records), {}}) == Accounts{{"master", "whole"}});
    // Two halves of two pairs are no pair.
    CHECK(warnings_in({"KRAKEN_API_KEY=a", "KRAKEN_MASTER_API_SECRET=" + secret}).size() == 2);
}

TEST_CASE("half a pair is ignored, and the missing variable is named", "[environment]") {
    const std::string blank = GENERATE("(missing)", "", " ", "\t\n", " \r\n\v\f ");
    CAPTURE(blank);
    const auto with = [&](const std::string& there, const std::string& missing) {
        Strings entries = {there};
        if (blank != "(missing)") entries.push_back(missing + "=" + blank);
        return warnings_in(std::move(entries));
    };
    CHECK(
        with("KRAKEN_API_KEY=a", "KRAKEN_API_SECRET") ==
        Strings{"KRAKEN_API_SECRET is missing or blank, so KRAKEN_API_KEY is ignored"}
    );
    CHECK(
        with("KRAKEN_MASTER_API_SECRET=" + secret, "KRAKEN_MASTER_API_KEY") ==
        Strings{"KRAKEN_MASTER_API_KEY is missing or blank, so KRAKEN_MASTER_API_SECRET is ignored"}
    );
    CHECK(
        with("KRAKEN_USER_Bob_API_SECRET=" + secret, "KRAKEN_USER_Bob_API_KEY") ==
        Strings{"KRAKEN_USER_Bob_API_KEY is missing or blank, so KRAKEN_USER_Bob_API_SECRET is ignored"}
    );
}

TEST_CASE("variables that are all blank are as good as none", "[environment]") {
    CHECK(warnings_in({"KRAKEN_API_KEY=", "KRAKEN_API_SECRET= ", "KRAKEN_USER_A_API_KEY=\n"}).empty());
    // And do not contradict what is there.
    CHECK(
        accounts_in(
            {"KRAKEN_USER_A_API_KEY=", "KRAKEN_USER_a_API_KEY=k", "KRAKEN_USER_a_API_SECRET=" + secret}
        ) == Accounts{{"user_a", "k"}}
    );
}

TEST_CASE("white space around a value is left off", "[environment]") {
    CHECK(
        accounts_in({"KRAKEN_API_KEY= \ta\r\n", "KRAKEN_API_SECRET=\n" + secret + "\n"}) ==
        Accounts{{"master", "a"}}
    );
}

TEST_CASE("a value that no key can be leaves out its account alone", "[environment]") {
    struct Case {
        std::string api_key, api_secret, variable;
    };
    const auto test = GENERATE(values<Case>({
        {"inner blank", secret, "KRAKEN_USER_A_API_KEY"},
        {"\xff\xfe", secret, "KRAKEN_USER_A_API_KEY"},
        {std::string(2000, 'A'), secret, "KRAKEN_USER_A_API_KEY"},
        {"k", "not-base64", "KRAKEN_USER_A_API_SECRET"},
        {"k", "\"" + secret + "\"", "KRAKEN_USER_A_API_SECRET"},
        {"k", "QUJ DQU", "KRAKEN_USER_A_API_SECRET"},
    }));
    Environment environment(
        {"KRAKEN_USER_A_API_KEY=" + test.api_key,
         "KRAKEN_USER_A_API_SECRET=" + test.api_secret,
         "KRAKEN_API_KEY=a",
         "KRAKEN_API_SECRET=" + secret}
    );
    auto keys = take_environment_keys(environment.list()).value();
    REQUIRE(keys.warnings.size() == 1);
    const std::string& warning = keys.warnings[0];
    CAPTURE(warning);
    CHECK(warning.starts_with("account user_a is left out: " + test.variable + " "));
    for (const std::string& value : {test.api_key, test.api_secret}) {
        if (value.size() > 1) CHECK(warning.find(value) == std::string::npos);
    }
    CHECK(accounts({std::move(keys.records), {}}) == Accounts{{"master", "a"}});
}

TEST_CASE("a secret of another length is used with a warning", "[environment]") {
    Environment environment({"KRAKEN_API_KEY=a", "KRAKEN_API_SECRET=AAAA"});
    auto keys = take_environment_keys(environment.list()).value();
    REQUIRE(keys.warnings.size() == 1);
    CHECK(keys.warnings[0].starts_with("account master: the secret has 3 bytes"));
    CHECK(accounts({std::move(keys.records), {}}).size() == 1);
}

TEST_CASE("a name that is empty or too long is ignored with a warning", "[environment]") {
    const std::string long_name(60, 'X');
    for (const std::string& name :
         {std::string(), long_name, std::string(5000, 'Y'), std::string(100, '\xff')}) {
        CAPTURE(name);
        const auto warnings = warnings_in(
            {"KRAKEN_USER_" + name + "_API_KEY=k", "KRAKEN_USER_" + name + "_API_SECRET=" + secret}
        );
        REQUIRE(warnings.size() == 2);
        CHECK(warnings[0].starts_with(("KRAKEN_USER_" + name + "_API_KEY").substr(0, 80)));
        CHECK(warnings[0].size() < 200);
    }
}

TEST_CASE("other variables stay as and where they are", "[environment]") {
    const Strings others = {
        "PATH=/bin",
        "KRAKEN_API_KEYS=x",
        "XKRAKEN_API_KEY=x",
        "kraken_api_key=x",
        "KRAKEN_USER_API_KEY=x",
        "KRAKEN_USER_A_KEY=x",
        "KRAKEN_OTHER_API_KEY=x",
        "KRAKEN_API_KEY",
        "=KRAKEN_API_KEY=x",
        "",
        "A=KRAKEN_API_KEY=x",
    };
    Strings entries = others;
    entries.insert(entries.begin() + 3, "KRAKEN_API_KEY=a");
    entries.insert(entries.begin(), "KRAKEN_USER_A_API_SECRET=s");
    entries.push_back("KRAKEN_API_SECRET=" + secret);
    Environment environment(std::move(entries));
    REQUIRE(take_environment_keys(environment.list()).has_value());
    CHECK(environment.left() == others);
}

TEST_CASE("what was taken is wiped where it stood, used or not", "[environment]") {
    const auto errors = GENERATE(false, true);
    Strings entries = {
        "KRAKEN_API_KEY=a",
        "KRAKEN_API_SECRET=" + secret,
        "KRAKEN_MASTER_API_KEY=half",
        "KRAKEN_USER_A_API_KEY=bad value",
        "KRAKEN_USER_A_API_SECRET=not base64",
        "KRAKEN_USER__API_KEY=nameless",
        "KRAKEN_USER_B_API_KEY= \n",
    };
    if (errors) entries.push_back("KRAKEN_MASTER_API_SECRET=" + other_secret);
    Environment environment(std::move(entries));
    CHECK(take_environment_keys(environment.list()).has_value() != errors);
    CHECK(environment.left().empty());
    for (const std::string& entry : environment.bytes())
        CHECK(std::ranges::all_of(entry, [](char c) { return c == '\0'; }));
}

#ifndef KRAKKEN_SANITIZED  // freed memory and old stack frames are kept for a while

TEST_CASE("keys from the environment are in no readable page, nor anywhere after a lock", "[memory]") {
    const Canary api_secret;
    const Canary half;
    const Canary refused;
    const auto entry = [](std::string_view name, const Canary& canary, std::string_view after = "") {
        std::string value = canary.text();
        std::string whole;
        whole.reserve(200);
        whole.append(name).append("=").append(value).append(after);
        krakken::base::wipe(value);
        return whole;
    };
    // No initializer list: its strings would be copied, and the first ones stay.
    Strings entries;
    entries.reserve(5);
    entries.push_back("KRAKEN_API_KEY=api-key");
    entries.push_back(entry("KRAKEN_API_SECRET", api_secret));
    entries.push_back(entry("KRAKEN_USER_A_API_SECRET", half));
    entries.push_back("KRAKEN_USER_B_API_KEY=api-key");
    entries.push_back(entry("KRAKEN_USER_B_API_SECRET", refused, "?"));
    Environment environment(std::move(entries));

    Fixture fixture;
    fixture.restart(take_environment_keys(environment.list()).value());
    const auto list = fixture.keeper->list();
    REQUIRE(list.size() == 1);
    REQUIRE(fixture.sign(list[0].key).has_value());

    const std::vector<InvertedText> texts = {
        api_secret.inverted(),
        api_secret.inverted_decoded(),
        half.inverted(),
        refused.inverted(),
        refused.inverted_decoded(),
    };
    const std::vector<std::size_t> none(texts.size(), 0);
    CHECK(count_in_memory(texts, Pages::readable) == none);
    CHECK(count_in_memory({api_secret.inverted_decoded()}, Pages::all)[0] == 1);
    fixture.keeper->lock();
    CHECK(count_in_memory(texts, Pages::all) == none);
}

#endif
