// Admission as a whole: each check refuses what it should, in the order of the switches, and leaves behind
// what they say.

#include "tests/exchange/admission/admission.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "tests/exchange/admission/signature.hpp"

using namespace exchange;
using namespace exchange::front;
using namespace std::chrono_literals;

namespace {

const std::string secret = "a secret of thirty-two bytes....";

struct Fixture {
    Switches switches;
    KeyRing ring;
    Admission admission{switches, ring};
    Time now{std::chrono::seconds(1'700'000'000)};
    std::uint64_t nonce = 1000;

    Fixture() {
        ring.accounts["alice"] = {"alice", Tier::starter, {}, {}};
        ApiKey& added = ring.keys["key"];
        added.account = "alice";
        added.api_key = "key";
        added.secret = secret;
        added.permissions = {"query-funds"};
    }

    ApiKey& key() { return ring.keys.at("key"); }

    struct Call {
        std::string endpoint = "Balance";
        std::string more = "";  // after the nonce
        std::string api_key = "key";
        std::string content_type = "application/x-www-form-urlencoded";
        std::string address = "127.0.0.1";
        std::string query = "";
        bool break_signature = false;
        std::optional<std::string> nonce = std::nullopt;
        std::string method = "POST";
    };

    Verdict judge(const Call& call) {
        path_ = "/0/private/" + call.endpoint;
        const std::string text = call.nonce.value_or(std::to_string(++nonce));
        body_ = "nonce=" + text + call.more;
        Attempt attempt;
        attempt.method = method_ = call.method;
        attempt.path = path_;
        attempt.query = query_ = call.query;
        attempt.api_key = call.api_key;
        attempt.api_sign = sign(secret, path_, text, body_);
        if (call.break_signature) attempt.api_sign[0] = attempt.api_sign[0] == 'A' ? 'B' : 'A';
        if (!call.content_type.empty()) attempt.content_type = call.content_type;
        attempt.body = body_;
        attempt.address = call.address;
        attempt.now = now;
        return admission.judge(attempt);
    }

    std::string error(const Call& call) { return judge(call).error; }

    void set(std::string_view name, const std::string& value) {
        const auto changed = switches.set(name, boost::json::parse(value));
        if (!changed) FAIL(changed.error());
    }

private:
    std::string path_, body_, query_, method_;
};

}  // namespace

TEST_CASE("admission: a good call passes and its nonce is used", "[admission]") {
    Fixture fixture;
    const Verdict verdict = fixture.judge({.more = "&asset=ZUSD"});
    CHECK(verdict.refused_by.empty());
    CHECK(verdict.error.empty());
    CHECK(verdict.nonce == "1001");
    CHECK(verdict.nonce_used);
    REQUIRE(verdict.params.size() == 1);
    CHECK(verdict.params[0].first == "asset");
    CHECK(fixture.key().nonces.highest() == 1001);
}

TEST_CASE("admission: each check has its text", "[admission]") {
    Fixture fixture;
    CHECK(fixture.error({.endpoint = "Nothing"}) == "EGeneral:Unknown method");
    CHECK(fixture.error({.endpoint = "Stake"}) == "EGeneral:Unknown method");
    CHECK(fixture.error({.method = "GET"}) == "EGeneral:Unknown method");
    CHECK(fixture.error({.query = "a=b"}) == "EAPI:Bad request");
    CHECK(fixture.error({.api_key = "other"}) == "EAPI:Invalid key");
    CHECK(fixture.error({.api_key = ""}) == "EAPI:Invalid key");
    CHECK(fixture.error({.content_type = "text/plain"}) == "EAPI:Bad request");
    CHECK(fixture.error({.content_type = ""}) == "EAPI:Bad request");
    CHECK(fixture.error({.more = "&a=%"}) == "EAPI:Bad request");
    CHECK(fixture.error({.nonce = "12x"}) == "EAPI:Invalid nonce");
    CHECK(fixture.error({.break_signature = true}) == "EAPI:Invalid signature");
    CHECK(fixture.error({.nonce = "1"}).empty());
    CHECK(fixture.error({.nonce = "1"}) == "EAPI:Invalid nonce");
    CHECK(fixture.error({.more = "&otp=1"}) == "EAPI:Invalid signature");
    CHECK(fixture.error({.endpoint = "Ledgers"}) == "EGeneral:Permission denied");
    fixture.key().ip_allowlist = {"10.0.0.0/8", "2001:db8::/32", "192.0.2.7"};
    CHECK(fixture.error({}) == "EGeneral:Permission denied");
    CHECK(fixture.error({.address = "10.255.1.2"}).empty());
    CHECK(fixture.error({.address = "2001:db8::1"}).empty());
    CHECK(fixture.error({.address = "192.0.2.7"}).empty());
    CHECK(fixture.error({.address = "192.0.2.8"}) == "EGeneral:Permission denied");
    fixture.key().ip_allowlist.clear();
    fixture.key().valid_until = 1'700'000'001;
    CHECK(fixture.error({}).empty());
    fixture.now += 1s;
    CHECK(fixture.error({}) == "EAPI:Invalid key");
}

TEST_CASE("admission: an otp is wanted, and compared", "[admission]") {
    Fixture fixture;
    fixture.key().otp = "pass word";
    CHECK(fixture.error({}) == "EGeneral:Permission denied");
    CHECK(fixture.error({.more = "&otp=other"}) == "EAPI:Invalid signature");
    CHECK(fixture.error({.more = "&otp=pass+word"}).empty());
    fixture.key().otp.reset();
    fixture.set("text_otp_unexpected", "\"\"");
    CHECK(fixture.error({.more = "&otp=x"}).empty());
}

TEST_CASE("admission: which refused calls use up the nonce is a switch", "[admission]") {
    struct Case {
        std::string check;
        Fixture::Call call;
        bool by_default;
    };
    const auto [check, call, by_default] = GENERATE(values<Case>({
        {"signature", {.break_signature = true}, false},
        {"otp", {.more = "&otp=1"}, true},
        {"permission", {.endpoint = "Ledgers"}, true},
        {"key", {.api_key = "other"}, false},
    }));
    CAPTURE(check);
    Fixture fixture;
    CHECK(fixture.judge(call).refused_by == check);
    CHECK((fixture.key().nonces.highest() == 1001) == by_default);
    if (check == "key") return;
    fixture.set("nonce_used_on_refusal", by_default ? "[]" : "[\"" + check + "\"]");
    const std::uint64_t before = fixture.key().nonces.highest();
    CHECK(fixture.judge(call).refused_by == check);
    CHECK((fixture.key().nonces.highest() == before) == by_default);
}

TEST_CASE("admission: a call refused by the venue gives its nonce back if a switch says so", "[admission]") {
    Fixture fixture;
    Verdict verdict = fixture.judge({});
    fixture.admission.refuse_later(verdict, "arguments");
    CHECK(verdict.nonce_used);
    CHECK(fixture.key().nonces.highest() == 1001);
    fixture.set("nonce_used_on_refusal", "[\"business\"]");
    verdict = fixture.judge({});
    fixture.admission.refuse_later(verdict, "arguments");
    CHECK_FALSE(verdict.nonce_used);
    CHECK(fixture.key().nonces.highest() == 1001);
}

TEST_CASE("admission: the window and repeated nonces", "[admission]") {
    Fixture fixture;
    fixture.key().nonce_window = 10;
    CHECK(fixture.error({.nonce = "100"}).empty());
    CHECK(fixture.error({.nonce = "95"}).empty());
    CHECK(fixture.error({.nonce = "95"}) == "EAPI:Invalid nonce");
    CHECK(fixture.error({.nonce = "89"}) == "EAPI:Invalid nonce");
    fixture.set("nonce_repeat_inside_window", "true");
    CHECK(fixture.error({.nonce = "95"}).empty());
}

TEST_CASE("admission: nonces above 2^63-1 are a switch", "[admission]") {
    Fixture fixture;
    fixture.set("nonce_above_int63", "false");
    CHECK(fixture.error({.nonce = "9223372036854775808"}) == "EAPI:Invalid nonce");
    CHECK(fixture.error({.nonce = "9223372036854775807"}).empty());
    fixture.set("nonce_above_int63", "true");
    CHECK(fixture.error({.nonce = "18446744073709551615"}).empty());
}

TEST_CASE("admission: the order of checks is a switch", "[admission]") {
    Fixture fixture;
    const Fixture::Call bad_in_two_ways{.endpoint = "Ledgers", .break_signature = true};
    CHECK(fixture.error(bad_in_two_ways) == "EAPI:Invalid signature");
    fixture.set(
        "check_order",
        R"(["key","body","nonce_syntax","permission","signature","nonce_order","otp","lockout","address","expiry","concurrency","rate"])"
    );
    CHECK(fixture.error(bad_in_two_ways) == "EGeneral:Permission denied");
    CHECK(fixture.key().nonces.highest() == 0);  // nobody has proven to own the key
}

TEST_CASE("admission: an order that cannot work is refused", "[admission]") {
    Switches switches;
    const std::string order = GENERATE(
        R"(["key"])",
        R"(["lockout","address","key","expiry","body","nonce_syntax","signature","nonce_order","otp","permission","concurrency","rate"])",
        R"(["lockout","key","address","expiry","body","signature","nonce_syntax","nonce_order","otp","permission","concurrency","rate"])",
        R"(["lockout","key","address","expiry","nonce_syntax","body","signature","nonce_order","otp","permission","concurrency","rate"])",
        R"("key")"
    );
    CAPTURE(order);
    CHECK_FALSE(switches.set("check_order", boost::json::parse(order)));
    CHECK(switches.check_order == Switches{}.check_order);
}

TEST_CASE(
    "admission: the REST counter refuses, by envelope or by 429, and counts failed calls", "[admission]"
) {
    Fixture fixture;
    for (int call = 0; call < 14; ++call)
        REQUIRE(fixture.error({}).empty());
    CHECK(fixture.error({.endpoint = "Ledgers"}) == "EGeneral:Permission denied");
    Verdict verdict = fixture.judge({});
    CHECK(verdict.error == "EAPI:Rate limit exceeded");
    CHECK(verdict.status == 200);
    fixture.set("rate_limit_as", "\"429\"");
    CHECK(fixture.judge({}).status == 429);
    CHECK(fixture.key().counter.thousandths() == 18000);
    fixture.set("counted_on_refusal", "[]");
    fixture.judge({});
    fixture.judge({.break_signature = true});
    CHECK(fixture.key().counter.thousandths() == 18000);
}

TEST_CASE("admission: costs are a switch, orders are free", "[admission]") {
    Fixture fixture;
    fixture.key().permissions = {"query-open-trades", "modify-trades"};
    fixture.judge({.endpoint = "OpenOrders"});
    CHECK(fixture.key().counter.thousandths() == 1000);
    fixture.set("rest_cost", R"({"OpenOrders":2,"AddOrder":3})");
    fixture.judge({.endpoint = "OpenOrders"});
    CHECK(fixture.key().counter.thousandths() == 3000);
    fixture.judge({.endpoint = "AddOrder"});
    CHECK(fixture.key().counter.thousandths() == 6000);
    fixture.set("rest_cost", "{}");
    fixture.judge({.endpoint = "AddOrder"});
    CHECK(fixture.key().counter.thousandths() == 6000);
}

TEST_CASE("admission: lockout follows bad calls in a row, by address or by key", "[admission]") {
    Fixture fixture;
    fixture.set("lockout_after", "3");
    fixture.ring.keys["second"] = fixture.key();
    fixture.ring.keys["second"].api_key = "second";
    for (int call = 0; call < 2; ++call)
        fixture.error({.break_signature = true});
    CHECK(fixture.error({}).empty());
    for (int call = 0; call < 3; ++call)
        CHECK(fixture.error({.nonce = "1"}) == "EAPI:Invalid nonce");
    CHECK(fixture.error({}) == "EGeneral:Temporary lockout");
    CHECK(fixture.error({.api_key = "second"}) == "EGeneral:Temporary lockout");
    CHECK(fixture.error({.address = "127.0.0.2"}).empty());
    fixture.now += 901s;
    CHECK(fixture.error({}).empty());
    fixture.set("lockout_scope", "\"key\"");
    for (int call = 0; call < 3; ++call)
        fixture.error({.break_signature = true});
    CHECK(fixture.error({}) == "EGeneral:Temporary lockout");
    CHECK(fixture.error({.api_key = "second"}).empty());
}

TEST_CASE("admission: too many requests at the same time are throttled", "[admission]") {
    Fixture fixture;
    fixture.set("max_concurrent", "2");
    *fixture.key().in_flight = 2;
    CHECK(fixture.error({}) == "EService: Throttled: 1700000005");
    fixture.set("text_throttled", "\"EService:Throttled\"");
    CHECK(fixture.error({}) == "EService:Throttled");
    *fixture.key().in_flight = 1;
    CHECK(fixture.error({}).empty());
}

TEST_CASE("admission: every private endpoint wants its permissions and no others", "[admission]") {
    Fixture fixture;
    fixture.set("rest_cost", "{}");
    for (const Endpoint& endpoint : private_endpoints()) {
        CAPTURE(endpoint.name);
        std::vector<std::string> all;
        std::string word;
        for (const char letter : std::string(endpoint.needs) + "+") {
            if (letter != '+' && letter != '|') {
                word += letter;
                continue;
            }
            if (!word.empty()) all.push_back(std::exchange(word, {}));
        }
        CHECK(permits(endpoint, {}, all, fixture.switches));
        CHECK(permits(endpoint, {}, {}, fixture.switches) == endpoint.needs.empty());
        const bool either = endpoint.needs.contains('|');
        for (const std::string& one : all) {
            CHECK(is_permission(one));
            CHECK(permits(endpoint, {}, {one}, fixture.switches) == (either || all.size() == 1));
        }
    }
}

TEST_CASE("admission: the overview's permission table, and new deposit addresses", "[admission]") {
    Switches switches;
    const Endpoint& trades = *find_private("TradesHistory");
    const Endpoint& addresses = *find_private("DepositAddresses");
    CHECK_FALSE(permits(trades, {}, {"query-open-trades"}, switches));
    REQUIRE(switches.set("permission_table", "overview"));
    CHECK(permits(trades, {}, {"query-open-trades"}, switches));
    Param yes;
    yes.text = "true";
    CHECK(permits(addresses, {}, {"query-funds"}, switches));
    CHECK_FALSE(permits(addresses, {{"new", yes}}, {"query-funds"}, switches));
    CHECK(permits(addresses, {{"new", yes}}, {"query-funds", "add-funds"}, switches));
    REQUIRE(switches.set("new_address_needs_add_funds", false));
    CHECK(permits(addresses, {{"new", yes}}, {"query-funds"}, switches));
}

TEST_CASE("switches: names, types and choices are checked", "[switches]") {
    Switches switches;
    CHECK_FALSE(switches.set("no_such_switch", 1));
    CHECK_FALSE(switches.set("lockout_after", -1));
    CHECK_FALSE(switches.set("lockout_after", "3"));
    CHECK_FALSE(switches.set("lockout_scope", "planet"));
    CHECK_FALSE(switches.set("rest_cost", {{"OpenOrders", "two"}}));
    CHECK_FALSE(switches.set("nonce_used_on_refusal", {"typo"}));
    for (const auto& [name, value] : Switches{}.to_json()) {
        CAPTURE(std::string(name));
        CHECK(switches.set(name, value));
    }
    CHECK(switches.to_json() == Switches{}.to_json());
}
