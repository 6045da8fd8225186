#include <catch2/catch.hpp>
#include <sstream>

#include "client/ctl/readable.hpp"
#include "client/ctl/status_view.hpp"
#include "client/ctl/table.hpp"

namespace {

using namespace krakken::ctl;
using Catch::Contains;

std::string status(const std::string& state, const std::string& accounts) {
    return R"({"summary":"krakkend is )" + state + R"(","state":")" + state +
           R"(","state_since":"2026-11-20T10:00:00Z","version":"0.1.0","pid":42,"uptime_s":7,)"
           R"("vault":{"path":"/home/ann/.config/kraken_bot/secrets.enc","exists":true},)"
           R"("upstream":{"base_url":"https://api.kraken.com","state":"ok","clock_offset_ms":-3},"clients":2,)"
           R"("accounts":)" +
           accounts + R"(,"protection":{"memory_locked":true,"no_core":false}})";
}

std::string account(const std::string& name, const std::string& state, const std::string& more = "") {
    return R"({"name":")" + name + R"(","source":"vault","state":")" + state +
           R"(","calls":1234567,"errors":3,"queued":0,"in_flight":0,"latency_ms":{"p50":41.50,"p99":80})" +
           more + "}";
}

}  // namespace

TEST_CASE("a map of figures is a table, digit by digit") {
    CHECK(
        readable_result(
            R"({"ZUSD":"171288.61580000","XXBT":0.00000001,"n":1234567890123456789012345678901234567890})"
        ) ==
        "NAME                                     VALUE\n"
        "ZUSD                           171288.61580000\n"
        "XXBT                                0.00000001\n"
        "n     1234567890123456789012345678901234567890\n"
    );
}

TEST_CASE("anything else is the JSON that came") {
    const auto json = GENERATE(
        as<std::string>(),
        R"({"txid":["O1"],"descr":{"order":"buy 1.10"}})",
        "[1.10, 2]",
        "\"text\"",
        "true",
        "1.10"
    );
    CHECK(readable_result(json) == json + "\n");
    CHECK(readable_result("{}") == "(empty)\n");
}

TEST_CASE("status: the summary first, every account, remedies, what is not protected") {
    const std::string text = readable_status(
        status(
            "unlocked",
            "[" + account("master", "ready") + "," +
                account("bot1", "auth_failed", R"(,"remedy":"make a new key","hides_vault_entry":true)") + "]"
        ),
        R"([{"name":"master","source":"vault","keys":[{"key":"1","validated":true},{"key":"2","validated":false}]},)"
        R"({"name":"bot1","source":"environment","keys":[{"key":"3","validated":false}]}])"
    );
    CAPTURE(text);
    CHECK(text.starts_with("krakkend is unlocked\n"));
    CHECK_THAT(text, Contains("ACCOUNT  STATE        VALIDATED    CALLS  ERRORS       P50\n"));
    CHECK_THAT(text, Contains("master   ready        1 of 2     1234567       3  41.50 ms\n"));
    CHECK_THAT(text, Contains("bot1     auth_failed  no         1234567       3  41.50 ms\n"));
    CHECK_THAT(text, Contains("bot1: make a new key\n"));
    CHECK_THAT(text, Contains("bot1: the key in the environment hides the one in the vault\n"));
    CHECK_THAT(text, Contains("Protection not in force: no_core\n"));
    CHECK_THAT(text, Contains("clock -3 ms off"));
}

TEST_CASE("status fits into 80 columns with the longest names") {
    const std::string name(64, 'a');
    const std::string text =
        readable_status(status("unlocked", "[" + account(name, "permission_denied") + "]"), "[]");
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(display_width(line) <= 80);
    }
}

TEST_CASE("status says what comes next") {
    CHECK_THAT(readable_status(status("uninitialized", "[]"), "[]"), Contains("krakkenctl setup"));
    CHECK_THAT(readable_status(status("locked", "[]"), "[]"), Contains("krakkenctl unlock"));
    CHECK_THAT(readable_status(status("unlocked", "[]"), "[]"), Contains("krakkenctl account add"));
}

TEST_CASE("healthy is: unlocked, and every account ready") {
    CHECK(is_healthy(status("unlocked", "[" + account("a", "ready") + "]")));
    CHECK(is_healthy(status("unlocked", "[]")));
    CHECK_FALSE(is_healthy(status("locked", "[" + account("a", "ready") + "]")));
    CHECK_FALSE(is_healthy(status("uninitialized", "[]")));
    CHECK_FALSE(
        is_healthy(status("unlocked", "[" + account("a", "ready") + "," + account("b", "lockout") + "]"))
    );
    CHECK_FALSE(is_healthy("{}"));
    CHECK_FALSE(is_healthy("not JSON"));
}

TEST_CASE("a validation tells permissions and warnings") {
    CHECK(
        readable_validation(
            R"({"name":"master","key":"3f9c21aa","validated":true,"saved":true,"permissions":["query-funds","modify-trades"],)"
            R"("warnings":["the key may withdraw"]})"
        ) ==
        "Account master, key 3f9c21aa: Kraken accepts the key; saved in the vault.\n"
        "Permissions: query-funds, modify-trades\n"
        "Warning: the key may withdraw\n"
    );
    CHECK_THAT(
        readable_validation(R"({"name":"m","key":"1","validated":false,"saved":false,"warnings":[]})"),
        Contains("NOT been validated; NOT saved")
    );
}
