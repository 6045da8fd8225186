// Config, faults, HTTP and delivery, without a socket.

#include <catch2/catch.hpp>

#include "tests/exchange/admission/signature.hpp"
#include "tests/exchange/front/config.hpp"
#include "tests/exchange/front/delivery.hpp"
#include "tests/exchange/front/faults.hpp"
#include "tests/exchange/front/http.hpp"

using namespace exchange;
using namespace exchange::front;

namespace {

Fault fault_of(boost::json::object object) {
    const auto fault = parse_fault(object);
    if (!fault) FAIL(fault.error());
    return *fault;
}

Config small_config() {
    Config config;
    config.ring.accounts["alice"] = {"alice", Tier::pro, {{"ZUSD", "1.0000"}}, {}};
    return config;
}

}  // namespace

TEST_CASE("config: the example can be read", "[config]") {
    const auto config = parse_config(example_config());
    if (!config) FAIL(config.error());
    CHECK(config->ring.accounts.size() == 3);
    CHECK(config->ring.keys.size() == 4);
    CHECK(config->ring.accounts.at("carol").tier == Tier::starter);
    CHECK(config->ring.accounts.at("carol").withdraw_addresses.size() == 1);
}

TEST_CASE("config: what it does not know is an error with its line", "[config]") {
    const auto [text, problem] = GENERATE(table<std::string, std::string>({
        {"\n\nsurprise = 1", "line 3: unknown key surprise"},
        {"[switches]\nnonsense = 1", "line 2: there is no switch nonsense"},
        {"[switches]\n\nlockout_scope = \"planet\"", "line 3: lockout_scope allows only: address key"},
        {"[market]\nnonsense = 1", "line 2: there is no market setting nonsense"},
        {"[market]\nseed = \"x\"", "line 2: seed must be a whole number from 0"},
        {"[[account]]\nname = \"a\"\nteir = \"pro\"", "line 3: unknown key teir in account"},
        {"[[account]]\nname = \"a\"\ntier = \"gold\"", "line 3: tier must be starter, intermediate or pro"},
        {"[[account]]\nname = \"a\"\nbalances = { ZUSD = 1.5 }", "line 3: must be a text"},
        {"[[account]]\nname = \"a\"\n[[account.key]]\napi_key = \"k\"\napi_secret = \"?\"",
         "line 3: api_secret is not standard base64 with padding"},
        {"[[account]]\nname = \"a\"\n[[account.key]]\napi_key = \"k\"\napi_secret = \"AQID\"\npermissions = "
         "[\"all\"]",
         "line 3: unknown permission all"},
        {"[[account]]\nname = \"a\"\n[[account.key]]\napi_key = \"k\"\napi_secret = \"AQID\"\nip_allowlist = "
         "[\"here\"]",
         "line 3: not an address or network: here"},
    }));
    const auto config = parse_config(text);
    REQUIRE_FALSE(config);
    CHECK(config.error() == problem);
}

TEST_CASE("faults: count, skip and endpoint", "[faults]") {
    Faults faults;
    faults.add(fault_of({{"kind", "busy"}, {"endpoint", "Balance"}, {"count", 2}, {"skip", 1}}));
    CHECK_FALSE(faults.for_request("AddOrder"));
    CHECK_FALSE(faults.for_request("Balance"));
    CHECK(faults.for_request("Balance"));
    CHECK(faults.for_request("Balance"));
    CHECK_FALSE(faults.for_request("Balance"));
    CHECK(faults.all().empty());
    const auto id = faults.add(fault_of({{"kind", "busy"}, {"count", 0}}));
    for (int call = 0; call < 100; ++call)
        CHECK(faults.for_request("Anything"));
    CHECK(faults.all().front().happened == 100);
    CHECK(faults.remove(id));
    CHECK_FALSE(faults.for_request("Anything"));
}

TEST_CASE("faults: of one account", "[faults]") {
    Faults faults;
    faults.add(fault_of({{"kind", "busy"}, {"account", "alice"}, {"skip", 1}}));
    CHECK_FALSE(faults.for_request("Time"));
    CHECK_FALSE(faults.for_request("Balance", "bob"));
    CHECK_FALSE(faults.for_request("Balance", "alice"));
    CHECK_FALSE(faults.for_request("Balance", "bob"));
    CHECK(faults.for_request("AddOrder", "alice"));
    CHECK(faults.all().empty());
}

TEST_CASE("faults: probability follows the seed", "[faults]") {
    Faults faults(7);
    faults.add(fault_of({{"kind", "drop_before"}, {"count", 0}, {"probability", 0.3}}));
    int happened = 0;
    for (int call = 0; call < 1000; ++call)
        happened += faults.for_request("Balance") ? 1 : 0;
    CHECK(happened > 230);
    CHECK(happened < 370);
}

TEST_CASE("faults: those of connections do not meet requests", "[faults]") {
    Faults faults;
    faults.add(fault_of({{"kind", "tls_failure"}}));
    faults.add(fault_of({{"kind", "close_idle"}, {"idle_ms", 5}}));
    faults.add(fault_of({{"kind", "refuse"}}));
    CHECK_FALSE(faults.for_request("Balance"));
    CHECK(faults.idle_ms() == 5);
    CHECK(faults.refuses_connections());
    CHECK(faults.for_connection());
    CHECK_FALSE(faults.for_connection());
}

TEST_CASE("faults: wrong ones are refused", "[faults]") {
    const auto object = GENERATE(values<boost::json::object>({
        {{"kind", "nonsense"}},
        {{"endpoint", "*"}},
        {{"kind", "error"}},
        {{"kind", "slow_drip"}},
        {{"kind", "status"}, {"status", 200}},
        {{"kind", "busy"}, {"count", -1}},
        {{"kind", "busy"}, {"probability", 2}},
        {{"kind", "busy"}, {"executed", 1}},
        {{"kind", "tls_failure"}, {"certificate", "pink"}},
        {{"kind", "busy"}, {"surprise", 1}},
    }));
    CAPTURE(boost::json::serialize(object));
    CHECK_FALSE(parse_fault(object));
}

TEST_CASE("faults: how far the request gets", "[faults]") {
    CHECK(reach_of(fault_of({{"kind", "drop_before"}})) == Reach::nowhere);
    CHECK(reach_of(fault_of({{"kind", "drop_after"}})) == Reach::venue);
    CHECK(reach_of(fault_of({{"kind", "status"}})) == Reach::nowhere);
    CHECK(reach_of(fault_of({{"kind", "status"}, {"executed", true}})) == Reach::venue);
    CHECK(reach_of(fault_of({{"kind", "busy"}})) == Reach::admission);
    CHECK(reach_of(fault_of({{"kind", "busy"}, {"nonce_used", false}})) == Reach::nowhere);
    CHECK(reach_of(fault_of({{"kind", "delay"}})) == Reach::venue);
}

TEST_CASE("delivery: what a fault makes of a reply", "[faults]") {
    Exchange exchange(small_config());
    Outcome outcome;
    outcome.admitted = true;
    outcome.reply.body = R"({"error":[],"result":{}})";
    const auto plan = [&](boost::json::object object) {
        return plan_delivery(exchange, outcome, fault_of(std::move(object)), true);
    };
    const std::string whole = plan_delivery(exchange, outcome, std::nullopt, true).bytes;
    CHECK(whole.ends_with(outcome.reply.body));
    CHECK(plan({{"kind", "drop_after"}}).bytes.empty());
    CHECK(plan({{"kind", "drop_after"}}).ending == Delivery::Ending::cut);
    CHECK(plan({{"kind", "half_open"}}).ending == Delivery::Ending::hold);
    const Delivery reset = plan({{"kind", "reset"}});
    CHECK(reset.ending == Delivery::Ending::reset);
    CHECK(whole.starts_with(reset.bytes));
    CHECK(reset.bytes.size() == whole.size() - 12);
    CHECK(plan({{"kind", "reset"}, {"bytes", 5}}).bytes == whole.substr(0, 5));
    CHECK(plan({{"kind", "truncate"}}).bytes.ends_with("Content-Length: 12\r\n\r\n{\"error\":[],"));
    CHECK(plan({{"kind", "truncate"}}).ending == Delivery::Ending::keep);
    const Delivery cut = plan({{"kind", "truncate"}, {"full_length", true}});
    CHECK(cut.bytes.ends_with("Content-Length: 24\r\n\r\n{\"error\":[],"));
    CHECK(cut.ending == Delivery::Ending::cut);
    CHECK(plan({{"kind", "slow_drip"}, {"bytes", 3}}).chunk == 3);
    CHECK(plan({{"kind", "close_after_reply"}}).bytes == whole);
    CHECK(plan({{"kind", "close_after_reply"}}).ending == Delivery::Ending::cut);
    CHECK(plan({{"kind", "garbage"}}).bytes.size() == whole.size());
    CHECK(plan({{"kind", "garbage"}}).bytes != whole);
    CHECK(plan({{"kind", "busy"}}).bytes.ends_with(R"({"error":["EService:Busy"]})"));
    CHECK(plan({{"kind", "error"}, {"text", "EX:y"}}).bytes.ends_with(R"({"error":["EX:y"]})"));
    CHECK(plan({{"kind", "status"}, {"status", 520}}).bytes.starts_with("HTTP/1.1 520 "));
    CHECK(
        plan({{"kind", "status"}, {"retry_after_s", 3}}).bytes.find("Retry-After: 3\r\n") != std::string::npos
    );
    outcome.admitted = false;
    CHECK(plan({{"kind", "busy"}}).bytes == whole);
    CHECK(plan({{"kind", "lockout"}}).bytes != whole);
}

TEST_CASE("http: a request arrives in any pieces, and pipelined ones stay apart", "[http]") {
    const std::string one =
        "POST /0/private/Balance HTTP/1.1\r\nHost: x\r\nx-Odd: 1\r\nContent-Length: 7\r\n\r\nnonce=1";
    for (std::size_t size = 1; size <= one.size(); size += 7) {
        RequestReader reader;
        std::string bytes;
        auto state = RequestReader::State::more;
        for (std::size_t at = 0; at < one.size(); at += size) {
            REQUIRE(state == RequestReader::State::more);
            bytes += one.substr(at, size);
            state = reader.feed(bytes);
        }
        REQUIRE(state == RequestReader::State::done);
        const Request request = reader.take();
        CHECK(request.body == "nonce=1");
        CHECK(request.target == "/0/private/Balance");
        CHECK(*request.header("X-ODD") == "1");
        CHECK(request.headers[1].first == "x-Odd");
    }
    std::string two = one + one;
    RequestReader reader;
    CHECK(reader.feed(two) == RequestReader::State::done);
    CHECK(two == one);
}

TEST_CASE("http: nonsense and too much are told apart", "[http]") {
    std::string nonsense = "\x16\x03\x01 not HTTP\r\n\r\n";
    CHECK(RequestReader().feed(nonsense) == RequestReader::State::bad);
    std::string large = "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n";
    CHECK(RequestReader().feed(large) == RequestReader::State::too_large);
    std::string long_header = "POST / HTTP/1.1\r\nA: " + std::string(20000, 'x') + "\r\n\r\n";
    CHECK(RequestReader().feed(long_header) == RequestReader::State::too_large);
    RequestReader waits;
    std::string head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    CHECK(waits.feed(head) == RequestReader::State::more);
    CHECK(waits.wants_continue());
    CHECK_FALSE(waits.wants_continue());
}
