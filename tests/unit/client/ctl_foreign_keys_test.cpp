// The files in which other programs keep their keys: what is read out of them, what is left out, and what is
// refused without a word of what stands there.

#include <catch2/catch.hpp>
#include <string>

#include "client/ctl/arguments.hpp"
#include "client/ctl/foreign_keys.hpp"

namespace {

using namespace krakken::ctl;

// "account key secret" for each pair.
std::vector<std::string> pairs(const ForeignKeys& keys) {
    std::vector<std::string> found;
    for (const ForeignKey& pair : keys.pairs)
        found.push_back(
            pair.account + " " + std::string(pair.api_key.view()) + " " + std::string(pair.api_secret.view())
        );
    return found;
}

std::vector<std::string> pairs(KeyFile kind, const std::string& text) {
    return pairs(read_keys(kind, text));
}

// What is said about a text that is refused.
std::string complaint(KeyFile kind, const std::string& text) {
    try {
        read_keys(kind, text);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "nothing";
}

using Pairs = std::vector<std::string>;
const Pairs one{"master K+/1= S+/2=="};

}  // namespace

TEST_CASE("dotenv: ways to write a pair") {
    const auto text = GENERATE(
        as<std::string>(),
        "KRAKEN_API_KEY=K+/1=\nKRAKEN_API_SECRET=S+/2==\n",
        "KRAKEN_API_KEY=K+/1=\nKRAKEN_API_SECRET=S+/2==",
        "KRAKEN_API_KEY=K+/1=\r\nKRAKEN_API_SECRET=S+/2==\r\n",
        "\xEF\xBB\xBFKRAKEN_API_KEY=K+/1=\nKRAKEN_API_SECRET=S+/2==\n",
        "KRAKEN_API_KEY='K+/1='\nKRAKEN_API_SECRET=\"S+/2==\"\n",
        "KRAKEN_API_KEY=' K+/1= '  # mine\r\nKRAKEN_API_SECRET=\"S+/2==\"#too\r\n",
        "export KRAKEN_API_KEY=K+/1=\n  export\tKRAKEN_API_SECRET=S+/2==",
        "\n# both\n\tKRAKEN_API_KEY = K+/1= # the key\n\nKRAKEN_API_SECRET=  S+/2==\t#\n",
        "KRAKEN_API_SECRET=S+/2==\nOTHER=x\nKRAKEN_API_KEY=K+/1=\n",
        "KRAKEN_MASTER_API_KEY=K+/1=\nKRAKEN_MASTER_API_SECRET=S+/2==\n",
        "KRAKEN_API_KEY=K+/1=\nKRAKEN_API_KEY=\nKRAKEN_API_KEY='K+/1='\nKRAKEN_API_SECRET=S+/2==\n",
        "KRAKEN_API_KEY=K+/1=\nKRAKEN_API_SECRET=S+/2==\n"
        "KRAKEN_MASTER_API_KEY=K+/1=\nKRAKEN_MASTER_API_SECRET=S+/2==\n",
        // Other variables' values, in and out of order.
        "NOTE=it's\nQUOTED=\"a \\\" # b\"\nKRAKEN_API_KEY=K+/1=\nKRAKEN_API_SECRET=S+/2==\n",
        "PEM=\"-----\nKRAKEN_API_KEY=not this\n-----\"\nKRAKEN_API_KEY=K+/1=\nKRAKEN_API_SECRET=S+/2==\n",
        "OPEN=\"never closed\nKRAKEN_API_KEY=\"K+/1=\"\nKRAKEN_API_SECRET=S+/2==\n",
        "OPEN='\nKRAKEN_API_KEY=K+/1=\nKRAKEN_API_SECRET=S+/2==\n",
        "no assignment\nKRAKEN_API_KEY=K+/1=\n=\nKRAKEN_API_SECRET=S+/2==\n",
        "#KRAKEN_API_KEY=old\nKRAKEN_API_KEY=K+/1=\nKRAKEN_API_SECRET=S+/2==\nXKRAKEN_API_KEY=x\n",
        "kraken_api_key=x\nKRAKEN_FUTURES_API_KEY=x\nKRAKEN_API_KEY=K+/1=\nKRAKEN_API_SECRET=S+/2==\n"
    );
    CAPTURE(text);
    const ForeignKeys keys = read_keys(KeyFile::dotenv, text);
    CHECK(pairs(keys) == one);
    CHECK(keys.left_out.empty());
}

TEST_CASE("dotenv: several accounts, their names folded") {
    const std::string text =
        "KRAKEN_USER_Bob.2_API_KEY=bk\nKRAKEN_API_KEY=k\nKRAKEN_USER_ALICE_API_SECRET=as\n"
        "KRAKEN_USER_ALICE_API_KEY=ak\nKRAKEN_USER_Bob.2_API_SECRET=bs\nKRAKEN_API_SECRET=s\n";
    CHECK(pairs(KeyFile::dotenv, text) == Pairs{"user_bob_2 bk bs", "master k s", "user_alice ak as"});
    // Two ways to write one account's name.
    CHECK(
        pairs(KeyFile::dotenv, "KRAKEN_USER_Bob_API_KEY=bk\nKRAKEN_USER_BOB_API_SECRET=bs") ==
        Pairs{"user_bob bk bs"}
    );
}

TEST_CASE("dotenv: halves are left out, with the name of what is missing") {
    const auto& [text, missing] = GENERATE(table<std::string, std::string>(
        {{"KRAKEN_API_KEY=canary\n", "KRAKEN_API_SECRET is missing or blank"},
         {"KRAKEN_API_KEY=canary\nKRAKEN_API_SECRET=\n", "KRAKEN_API_SECRET is missing or blank"},
         {"KRAKEN_API_KEY=canary\nKRAKEN_API_SECRET=\"  \"\n", "KRAKEN_API_SECRET is missing or blank"},
         {"KRAKEN_API_KEY=  # canary\nKRAKEN_API_SECRET=canary", "KRAKEN_API_KEY is missing or blank"},
         {"KRAKEN_API_KEY=canary\nKRAKEN_MASTER_API_SECRET=s", "KRAKEN_API_SECRET is missing or blank"},
         {"KRAKEN_USER_BOB_API_SECRET=canary", "KRAKEN_USER_BOB_API_KEY is missing or blank"},
         {"KRAKEN_USER__API_KEY=canary", "KRAKEN_USER__API_KEY is left out"},
         {"KRAKEN_USER_" + std::string(60, 'x') + "_API_KEY=canary", "gives no account name"}}
    ));
    CAPTURE(text);
    const ForeignKeys keys =
        read_keys(KeyFile::dotenv, text + "\nKRAKEN_USER_X_API_KEY=k\nKRAKEN_USER_X_API_SECRET=s");
    CHECK(pairs(keys) == Pairs{"user_x k s"});
    REQUIRE_FALSE(keys.left_out.empty());
    CHECK_THAT(keys.left_out.front(), Catch::Contains(missing));
    for (const std::string& sentence : keys.left_out)
        CHECK_THAT(sentence, !Catch::Contains("canary"));
    CHECK(pairs(KeyFile::dotenv, text).empty());
}

TEST_CASE("dotenv: what could be meant in two ways is refused") {
    const auto& [text, said] = GENERATE(table<std::string, std::string>(
        {{"KRAKEN_API_KEY=canary1\nKRAKEN_API_KEY=canary2\n", "given twice"},
         {"KRAKEN_USER_Bob_API_KEY=canary1\nKRAKEN_USER_BOB_API_KEY=canary2\n",
          "KRAKEN_USER_BOB_API_KEY belong to one"},
         {"KRAKEN_API_KEY=canary1\nKRAKEN_API_SECRET=s\nKRAKEN_MASTER_API_KEY=canary2\nKRAKEN_MASTER_API_"
          "SECRET=s\n",
          "KRAKEN_API_KEY and KRAKEN_MASTER_API_KEY belong to one account"},
         {"KRAKEN_API_KEY=canary\nKRAKEN_API_SECRET=s1\nKRAKEN_MASTER_API_KEY=canary\nKRAKEN_MASTER_API_"
          "SECRET=s2\n",
          "KRAKEN_API_SECRET and KRAKEN_MASTER_API_SECRET"},
         {"KRAKEN_API_KEY=\"canary\nKRAKEN_API_SECRET=\"s\"\n", "KRAKEN_API_KEY does not end with its quote"},
         {"KRAKEN_API_KEY='canary", "does not end with its quote"},
         {"KRAKEN_API_KEY='canary'more", "does not end with its quote"},
         {"KRAKEN_API_KEY=${CANARY}\n", "refers to another variable"},
         {"KRAKEN_API_KEY=\"$canary\"\n", "refers to another variable"}}
    ));
    CAPTURE(text);
    CHECK_THAT(complaint(KeyFile::dotenv, text), Catch::Contains(said) && !Catch::Contains("canary"));
}

TEST_CASE("dotenv: a file without our variables has no pairs") {
    const auto text =
        GENERATE(as<std::string>(), "", "\n\n", "#", "A=1\nB='2'\n", "export", "=", "'", "\"\\");
    const ForeignKeys keys = read_keys(KeyFile::dotenv, text);
    CHECK(keys.pairs.empty());
    CHECK(keys.left_out.empty());
}

TEST_CASE("krakenex: two lines") {
    const auto text = GENERATE(
        as<std::string>(),
        "K+/1=\nS+/2==\n",
        "K+/1=\nS+/2==",
        "K+/1=\r\nS+/2==\r\n",
        "\xEF\xBB\xBF K+/1=\t\n  S+/2==  \nwhat stands below is not read\n"
    );
    CAPTURE(text);
    CHECK(pairs(KeyFile::krakenex, text) == one);
}

TEST_CASE("krakenex: half a pair is refused") {
    CHECK_THAT(complaint(KeyFile::krakenex, ""), Catch::Contains("first line, is missing"));
    CHECK_THAT(complaint(KeyFile::krakenex, "\ncanary\n"), Catch::Contains("first line, is missing"));
    const auto text =
        GENERATE(as<std::string>(), "canary", "canary\n", "canary\n \ncanary\n", "canary\r\n\r\n");
    CHECK_THAT(
        complaint(KeyFile::krakenex, text),
        Catch::Contains("second line, is missing") && !Catch::Contains("canary")
    );
}

TEST_CASE("kraken-cli: [auth] of its config.toml") {
    const auto text = GENERATE(
        as<std::string>(),
        "[auth]\napi_key = \"K+/1=\"\napi_secret = \"S+/2==\"\n",
        "[settings]\noutput = \"table\"\n\n[auth]\r\napi_secret = 'S+/2=='  # secret\r\napi_key = "
        "'K+/1='\r\n",
        "\xEF\xBB\xBF[auth]\napi_key = \" K+/1=\"\napi_secret = "
        "\"\"\"\nS+\\u002F2==\n\"\"\"\nfutures_api_key = \"\"\n",
        "auth = { api_key = \"K+/1=\", api_secret = \"S+/2==\" }\n",
        "auth.api_key = \"K+/1=\"\nauth.api_secret = \"S+/2==\"\n"
    );
    CAPTURE(text);
    const ForeignKeys keys = read_keys(KeyFile::kraken_cli, text);
    CHECK(pairs(keys) == one);
    CHECK(keys.left_out.empty());
}

TEST_CASE("kraken-cli: a key for futures is left out") {
    const ForeignKeys keys = read_keys(
        KeyFile::kraken_cli,
        "[auth]\napi_key = \"K+/1=\"\napi_secret = \"S+/2==\"\nfutures_api_key = \"canary\"\n"
        "futures_api_secret = \"canary\"\n"
    );
    CHECK(pairs(keys) == one);
    REQUIRE(keys.left_out.size() == 1);
    CHECK_THAT(keys.left_out.front(), Catch::Contains("futures") && !Catch::Contains("canary"));
}

TEST_CASE("kraken-cli: what is refused") {
    const auto& [text, said] = GENERATE(table<std::string, std::string>(
        {{"", "no table [auth]"},
         {"api_key = \"canary\"\napi_secret = \"canary\"\n", "no table [auth]"},
         {"auth = \"canary\"\n", "no table [auth]"},
         {"[auth]\napi_key = \"canary\"\n", "auth.api_secret is missing"},
         {"[auth]\napi_key = \"\"\napi_secret = \"canary\"\n", "auth.api_key is missing"},
         {"[auth]\nfutures_api_key = \"canary\"\nfutures_api_secret = \"canary\"\n", "auth.api_key is missing"
         },
         {"[auth]\napi_key = 5\napi_secret = \"canary\"\n", "auth.api_key is not a text"},
         {"[auth]\napi_key = \"canary\"\napi_secret = [\"canary\"]\n", "auth.api_secret is not a text"},
         {"[auth]\napi_key = \"k\"\napi_secret = \"canary\n", "not TOML: line 3"},
         {"[auth]\napi_key = canary\n", "not TOML: line 2"}}
    ));
    CAPTURE(text);
    CHECK_THAT(complaint(KeyFile::kraken_cli, text), Catch::Contains(said) && !Catch::Contains("canary"));
}

TEST_CASE("freqtrade: exchange of its config.json") {
    const auto text = GENERATE(
        as<std::string>(),
        R"({"exchange": {"name": "kraken", "key": "K+/1=", "secret": "S+/2=="}})",
        R"({"exchange": {"key": "K+\/1=", "secret": "S\u002b/2=="}})",
        R"({"exchange": {"name": "Kraken", "api_key": "K+/1=", "key": "other", "secret": "S+/2=="}})",
        R"({"exchange": {"name": "kraken", "apiKey": "K+/1=", "key": null, "secret": " S+/2==\n"}})",
        "\xEF\xBB\xBF{\r\n  // mine\r\n  \"max_open_trades\": 3, /* of\r\n all */\r\n  \"pairs\": "
        "[\"XBT/USD\", -1.5e3,],\r\n"
        "  \"exchange\": {\"name\": \"kraken\", \"key\": \"K+/1=\", \"secret\": \"S+/2==\", \"password\": "
        "\"\",},\r\n}\r\n// end\r\n"
    );
    CAPTURE(text);
    const ForeignKeys keys = read_keys(KeyFile::freqtrade, text);
    CHECK(pairs(keys) == one);
    CHECK(keys.left_out.empty());
}

TEST_CASE("freqtrade: what is refused") {
    const auto& [text, said] = GENERATE(table<std::string, std::string>(
        {{"", "not JSON"},
         {"[]", "no object \"exchange\""},
         {"\"canary\"", "no object \"exchange\""},
         {R"({"key": "canary", "secret": "canary"})", "no object \"exchange\""},
         {R"({"exchange": "canary"})", "no object \"exchange\""},
         {R"({"exchange": [{"key": "canary"}]})", "no object \"exchange\""},
         {R"({"inner": {"exchange": {"name": "kraken", "key": "canary", "secret": "canary"}}})", "no object"},
         {R"({"exchange": {"name": "binance", "key": "canary", "secret": "canary"}})",
          "exchange.name is not kraken"},
         {R"({"exchange": {"name": "krakenfutures", "key": "canary", "secret": "canary"}})",
          "name is not kraken"},
         {R"({"exchange": {"name": 7, "key": "canary", "secret": "canary"}})", "exchange.name is not a text"},
         {R"({"exchange": {"name": "kraken", "key": "", "secret": ""}})", "exchange.key is missing or blank"},
         {R"({"exchange": {"name": "kraken", "secret": "canary"}})", "exchange.key is missing or blank"},
         {R"({"exchange": {"name": "kraken", "key": "canary"}})", "exchange.secret is missing or blank"},
         {R"({"exchange": {"name": "kraken", "key": "canary", "secret": 12}})",
          "exchange.secret is not a text"},
         {R"({"exchange": {"name": "kraken", "apiKey": {"canary": 1}, "secret": "s"}})",
          "exchange.apiKey is not a text"},
         {"{\n\"exchange\": {\"key\": \"canary\",\n \"secret\": canary}}",
          "not JSON as freqtrade reads it: line 3"},
         {R"({"exchange": {"key": "canary", "secret": "canary"}} canary)", "not JSON"},
         {R"({"exchange": {"key": "canary", "secret": "can)", "not JSON"},
         {std::string(100, '['), "not JSON"}}
    ));
    CAPTURE(text);
    CHECK_THAT(complaint(KeyFile::freqtrade, text), Catch::Contains(said) && !Catch::Contains("canary"));
}

TEST_CASE("no kind of file may be other than UTF-8") {
    const auto kind = GENERATE(KeyFile::dotenv, KeyFile::krakenex, KeyFile::kraken_cli, KeyFile::freqtrade);
    CHECK(complaint(kind, "KRAKEN_API_KEY=\xFF\n") == "it is not UTF-8 text");
    const std::string utf16("\xFF\xFEK\0R\0", 6);
    CHECK(complaint(kind, utf16) == "it is not UTF-8 text");
}

TEST_CASE("files that end anywhere are read or refused") {
    const auto& [kind, text] = GENERATE(table<KeyFile, std::string>(
        {{KeyFile::dotenv, "export KRAKEN_API_KEY='k' # x\nOTHER=\"a\\\"\nb\"\nKRAKEN_API_SECRET = \"s\"\n"},
         {KeyFile::krakenex, "k\r\ns\r\n"},
         {KeyFile::kraken_cli, "[auth]\napi_key = \"k\"\napi_secret = '''s'''\n"},
         {KeyFile::freqtrade,
          R"({"exchange": {"name": "kraken", /* x */ "key": "k\u0041", "secret": "s",},} // x)"}}
    ));
    for (std::size_t length = 0; length <= text.size(); ++length) {
        CAPTURE(length);
        std::size_t read = 0;
        try {
            read = read_keys(kind, text.substr(0, length)).pairs.size();
        } catch (const UsageError&) {
        }
        CHECK(read <= 1);
        if (length == text.size()) CHECK(read == 1);
    }
}

TEST_CASE("a large file is read in reasonable time and memory") {
    const std::size_t size = std::size_t{1} << 20U;
    std::string lines;
    while (lines.size() < size)
        lines += "A=\"x\nB='\n";
    CHECK(read_keys(KeyFile::dotenv, lines).pairs.empty());
    std::string values = R"({"exchange": {"key": "k", "secret": "s"}, "n": [1)";
    while (values.size() < size)
        values += ",\"x\"";
    CHECK(pairs(KeyFile::freqtrade, values + "]}") == Pairs{"master k s"});
}
