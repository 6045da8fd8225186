// kraken/reply: every kind of HTTP answer, and the bytes of a result.

#include "kraken/reply.hpp"

#include <catch2/catch.hpp>

namespace {

using krakken::kraken::Answer;
using krakken::kraken::read_reply;

Answer good(std::string body, std::string_view type = "application/json", unsigned status = 200) {
    auto answer = read_reply(status, type, std::move(body));
    if (!answer) FAIL(answer.error());
    return std::move(*answer);
}

}  // namespace

TEST_CASE("a result keeps its bytes") {
    const auto result = GENERATE(
        as<std::string>(),
        R"({"ZUSD":"1.10000000","XXBT":"0.00000001"})",
        R"( { "a" : 1.0 , "b" : [ 1e-8 , -0 ] } )",
        R"([123456789012345678901234567890.123456789012345678901234567890])",
        R"({"a":1,"a":2})",
        R"("text \u20ac \/ ")",
        "true",
        "null",
        "0.10",
        "{}"
    );
    CAPTURE(result);
    const auto trimmed = result.substr(result.find_first_not_of(' '));
    const auto expected = trimmed.substr(0, trimmed.find_last_not_of(' ') + 1);
    CHECK(good(R"({"error":[],"result":)" + result + "}").result == expected);
    CHECK(good(R"({"result":)" + result + R"(,"error":[]})").result == expected);
    CHECK(good(R"( { "error" : [ ] , "more" : 1 , "result" :)" + result + " } \r\n").result == expected);
}

TEST_CASE("line breaks between tokens become blanks") {
    CHECK(good("{\"error\":[],\n\"result\":{\r\n\"a\":\n\"\\n\"}\n}").result == R"({  "a": "\n"})");
}

TEST_CASE("errors and warnings are told apart") {
    const Answer mixed = good(R"({"error":["WDatabase:No change","EQuery:Unknown asset","bare text"]})");
    CHECK(mixed.warnings == std::vector<std::string>{"WDatabase:No change"});
    CHECK(mixed.errors == std::vector<std::string>{"EQuery:Unknown asset", "bare text"});

    const Answer warned = good(R"({"error":["WGeneral:x"],"result":{"a":1}})");
    CHECK(warned.errors.empty());
    CHECK(warned.result == R"({"a":1})");

    CHECK(good(R"({"error":["E\u0041PI:Invalid key"]})").errors.front() == "EAPI:Invalid key");
    // Only a category makes a warning: words that begin with a W are an error like every unknown text.
    CHECK(good(R"({"error":["Wrong withdrawal address"],"result":{}})").errors.size() == 1);
}

TEST_CASE("an error may come with a result of any kind, or none") {
    const auto rest = GENERATE(as<std::string>(), "", R"(,"result":{})", R"(,"result":null)");
    CHECK(good(R"({"error":["EGeneral:Invalid arguments"])" + rest + "}").errors.size() == 1);
}

TEST_CASE("a file comes as base64") {
    const std::string zip("PK\x03\x04\x00\xff", 6);
    CHECK(good(zip, "application/zip").result == R"({"content_type":"application/zip","base64":"UEsDBAD/"})");
    CHECK(
        good("", "application/octet-stream").result ==
        R"({"content_type":"application/octet-stream","base64":""})"
    );
    // RetrieveExport's errors are JSON, whatever they are called.
    CHECK(good(R"({"error":["EExport:x"]})", "application/zip").errors.size() == 1);
}

TEST_CASE("statuses that are an answer") {
    CHECK(good(R"({"error":[],"result":true})", "application/json", 202).result == "true");
}

TEST_CASE("what is no answer of Kraken's") {
    struct Case {
        unsigned status;
        std::string type;
        std::string body;
        std::string why;
    };
    const std::string fine = R"({"error":[],"result":{}})";
    const auto [status, type, body, why] = GENERATE_REF(
        as<Case>(),
        Case{500, "text/html", "<html>", "HTTP status 500"},
        Case{502, "application/json", fine, "HTTP status 502"},
        Case{520, "application/json", R"({"error":["EAPI:Invalid key"]})", "HTTP status 520"},
        Case{429, "text/plain", "", "HTTP status 429"},
        Case{301, "", "", "HTTP status 301"},
        Case{204, "", "", "HTTP status 204"},
        Case{199, "", fine, "HTTP status 199"},
        Case{0, "", fine, "HTTP status 0"},
        Case{200, "text/html", "<html>secret</html>", "HTML instead of JSON"},
        Case{200, "application/json", "", "not a whole JSON object"},
        Case{200, "application/json", R"({"error":[],"result":{"a")", "not a whole JSON object"},
        Case{200, "application/json", fine + "x", "not a whole JSON object"},
        Case{200, "application/json", "[]", "not a whole JSON object"},
        Case{200, "application/json", R"({"error":[],"error":[],"result":1})", "not a whole JSON object"},
        Case{200, "application/json", "{\"error\":[\"\xFF\"]}", "not a whole JSON object"},
        Case{202, "application/zip", "PK", "not a whole JSON object"},
        Case{200, "application/json", R"({"result":{}})", "JSON without a list of errors"},
        Case{200, "application/json", R"({"error":"EAPI:x"})", "JSON without a list of errors"},
        Case{200, "application/json", R"({"error":[1]})", "JSON without a list of errors"},
        Case{200, "application/json", R"({"error":null,"result":{}})", "JSON without a list of errors"},
        Case{200, "application/json", R"({"error":[]})", "neither result nor error"},
        Case{200, "application/json", R"({"error":["WGeneral:x"]})", "neither result nor error"}
    );
    CAPTURE(status, body);
    const auto answer = read_reply(status, type, body);
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == why);
}

TEST_CASE("a reply may nest deep, but not without end") {
    const auto nested = [](std::size_t depth) {
        return R"({"error":[],"result":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    CHECK(read_reply(200, "application/json", nested(127)));
    CHECK_FALSE(read_reply(200, "application/json", nested(128)));
}
