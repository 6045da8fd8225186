#include <catch2/catch.hpp>
#include <sstream>

#include "client/ctl/readable.hpp"
#include "client/ctl/status_view.hpp"
#include "client/ctl/table.hpp"

namespace {

using namespace krakken::ctl;
using Catch::Contains;

std::string status(const std::string& state, const std::string& accounts, long clock_offset_ms = -3) {
    return R"({"summary":"krakkend is )" + state + R"(","state":")" + state +
           R"(","state_since":"2026-11-20T10:00:00Z","version":"0.1.0","pid":42,"uptime_s":7,)"
           R"("vault":{"path":"/home/ann/.config/kraken_bot/secrets.enc","exists":true},)"
           R"("config":{"path":"/home/ann/.config/kraken_bot/config.toml"},)"
           R"("upstream":{"base_url":"https://api.kraken.com","state":"ok","clock_offset_ms":)" +
           std::to_string(clock_offset_ms) +
           R"(},"clients":2,)"
           R"("accounts":)" +
           accounts + R"(,"protection":{"memory_locked":true,"no_core":false}})";
}

std::string account(
    const std::string& name,
    const std::string& state,
    const std::string& more = "",
    const std::string& source = "vault"
) {
    return R"({"name":")" + name + R"(","source":")" + source + R"(","state":")" + state +
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
                account(
                    "bot1",
                    "auth_failed",
                    R"(,"last_error":"EAPI:Invalid key","remedy":"make a new key","hides_vault_entry":true)",
                    "environment"
                ) +
                "]"
        ),
        R"([{"name":"master","source":"vault","keys":[{"key":"1","validated":true},{"key":"2","validated":false}]},)"
        R"({"name":"bot1","source":"environment","keys":[{"key":"3","validated":false}]}])"
    );
    CAPTURE(text);
    CHECK(text.starts_with("krakkend is unlocked\n"));
    CHECK_THAT(text, Contains("ACCOUNT  SOURCE       STATE        VALIDATED    CALLS  ERRORS       P50\n"));
    CHECK_THAT(text, Contains("master   vault        ready        1 of 2     1234567       3  41.50 ms\n"));
    CHECK_THAT(text, Contains("bot1     environment  auth_failed  -          1234567       3  41.50 ms\n"));
    CHECK_THAT(text, Contains("bot1: EAPI:Invalid key\n"));
    CHECK_THAT(text, Contains("bot1: make a new key\n"));
    CHECK_THAT(text, Contains("hides the one of that name in the\n  vault\n"));
    CHECK_THAT(text, Contains("Protection not in force: no_core\n"));
    CHECK_THAT(text, Contains("config    /home/ann/.config/kraken_bot/config.toml\n"));
    CHECK_THAT(text, !Contains("clock"));
}

TEST_CASE("status speaks of the clock when it is far from Kraken's") {
    CHECK_THAT(
        readable_status(status("locked", "[]", -61'000), "[]"), Contains("clock is 61 s ahead of Kraken's")
    );
    CHECK_THAT(
        readable_status(status("locked", "[]", 3'600'999), "[]"), Contains("clock is 3600 s behind Kraken's")
    );
    CHECK_THAT(readable_status(status("locked", "[]", 5000), "[]"), !Contains("clock"));
}

TEST_CASE("status fits into 80 columns with the longest names") {
    const std::string name(64, 'a');
    const std::string text = readable_status(
        status("unlocked", "[" + account(name, "permission_denied", "", "environment") + "]", 90'000), "[]"
    );
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

TEST_CASE("a validation judges what the key may do, and fits into 80 columns") {
    const std::string text = readable_validation(
        R"({"name":"master","key":"3f9c21aa","validated":true,"saved":true,"permissions":)"
        R"(["query-funds","modify-trades","withdraw-funds","deposit-funds"],"warnings":["the key may withdraw"]})"
    );
    CAPTURE(text);
    CHECK(text.starts_with("Account master, key 3f9c21aa: Kraken accepts the key; saved in the vault.\n"));
    CHECK_THAT(text, Contains("Funds permissions - Query                         yes  ok\n"));
    CHECK_THAT(text, Contains("Orders and trades - Query open orders & trades    no   MISSING\n"));
    CHECK_THAT(text, Contains("Orders and trades - Query closed orders & trades  no   MISSING\n"));
    CHECK_THAT(text, Contains("Orders and trades - Create & modify orders        yes  ok\n"));
    CHECK_THAT(text, Contains("Orders and trades - Cancel & close orders         no   MISSING\n"));
    CHECK_THAT(text, Contains("Funds permissions - Withdraw                      yes  SHOULD BE OFF\n"));
    CHECK_THAT(text, Contains("Not needed: deposit-funds\n"));
    CHECK_THAT(text, Contains("Warning: the key may withdraw\n"));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(display_width(line) <= 80);
    }
}

TEST_CASE("a validation without permissions, or without Kraken") {
    CHECK_THAT(
        readable_validation(
            R"({"name":"m","key":"1","validated":true,"saved":true,"permissions":[],"warnings":[]})"
        ),
        Contains("Funds permissions - Withdraw                      no   good: should be off\n")
    );
    CHECK_THAT(
        readable_validation(R"({"name":"m","key":"1","validated":true,"saved":true,"warnings":[]})"),
        Contains("Kraken did not tell what the key may do.\n")
    );
    const std::string unseen =
        readable_validation(R"({"name":"m","key":"1","validated":false,"saved":false,"warnings":[]})");
    CHECK_THAT(unseen, Contains("NOT been validated; NOT saved"));
    CHECK_THAT(unseen, !Contains("PERMISSION"));
}

TEST_CASE("what of Kraken's limits is used is shown, and nothing where nothing is") {
    const auto with = [](const std::string& used) {
        return R"(,"budget":{"rest":{"3f9c21aa":{"used":)" + used +
               R"(,"limit":15.000,"decay_per_s":0.330}},"pairs":{"XBTUSD":{"used":)" + used +
               R"(,"limit":60.000,"decay_per_s":1.000}}})";
    };
    CHECK_THAT(
        readable_status(status("unlocked", '[' + account("bob", "ready", with("1.250")) + ']'), "[]"),
        Contains("bob: 1.250 of 15 calls, 1.250 of 60 order changes on XBTUSD\n")
    );
    CHECK_THAT(
        readable_status(status("unlocked", '[' + account("bob", "ready", with("0.000")) + ']'), "[]"),
        !Contains("limits")
    );
}

TEST_CASE("what is being looked up or waits is shown, and nothing where nothing is") {
    const auto shown = [](const std::string& members) {
        return readable_status(status("unlocked", '[' + account("bob", "ready", members) + ']'), "[]");
    };
    const std::string idle = shown(R"(,"waiting":{"cancels":0,"placements":0,"reads":0})");
    CHECK_THAT(idle, !Contains("waiting") && !Contains("lost"));
    const std::string busy = shown(R"(,"settling":2,"waiting":{"cancels":0,"placements":3,"reads":12})");
    CHECK_THAT(busy, Contains("looked up at Kraken: 2; see:"));
    CHECK_THAT(busy, Contains("bob: waiting for their turn: 3 placements, 12 reads\n"));
}
