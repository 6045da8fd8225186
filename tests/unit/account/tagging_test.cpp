// account/tagging, account/sought: what a placement is given, and what is written down of it.

#include "account/tagging.hpp"

#include <catch2/catch.hpp>

using namespace krakken;
using namespace krakken::account;

namespace {

Tagged tag(std::string_view endpoint, std::string_view json, TagChoice choice = TagChoice::userref) {
    const auto* found = protocol::find_endpoint(endpoint);
    return tagged(*found, *kraken::Parameters::parse(json, found->body), choice);
}

std::string body(const Tagged& call) {
    return call.parameters.body(base::Nonce(1));
}

}  // namespace

TEST_CASE("tagging: an order without a tag gets a random userref, behind what its caller gave") {
    const Tagged call = tag("AddOrder", R"({"pair":"XBTUSD","type":"buy","volume":1.10000000})");
    REQUIRE(call.sought.rows.size() == 1);
    const Tag& given = call.sought.rows.at(0).tag;
    CHECK(given.kind == Tag::Kind::userref);
    CHECK(given.ours);
    const auto number = std::stoll(given.value);
    CHECK(number >= 1);
    CHECK(number <= 0x7fffffff);
    CHECK(body(call) == "nonce=1&pair=XBTUSD&type=buy&volume=1.10000000&userref=" + given.value);
    CHECK(call.sought.tag_text() == "{\"userref\":" + given.value + "}");
    CHECK(tag("AddOrder", "{}").sought.rows.at(0).tag != tag("AddOrder", "{}").sought.rows.at(0).tag);
}

TEST_CASE("tagging: or a random UUID, but not beside a conditional close") {
    const Tagged call = tag("AddOrder", R"({"pair":"XBTUSD"})", TagChoice::cl_ord_id);
    CHECK(call.sought.rows.at(0).tag.kind == Tag::Kind::cl_ord_id);
    CHECK(call.sought.rows.at(0).tag.value.size() == 36);
    CHECK(call.sought.rows.at(0).tag.value[14] == '4');
    const Tagged closing = tag("AddOrder", R"({"close[ordertype]":"stop-loss"})", TagChoice::cl_ord_id);
    CHECK(closing.sought.rows.at(0).tag.kind == Tag::Kind::userref);
}

TEST_CASE("tagging: what the caller gave stays, and nothing is added where that is wanted") {
    for (const auto choice : {TagChoice::userref, TagChoice::cl_ord_id, TagChoice::none}) {
        const Tagged own = tag("AddOrder", R"({"userref":5})", choice);
        CHECK(body(own) == "nonce=1&userref=5");
        CHECK_FALSE(own.sought.rows.at(0).tag.ours);
        CHECK(own.sought.rows.at(0).tag.value == "5");
        CHECK(body(tag("AddOrder", R"({"cl_ord_id":"mine"})", choice)) == "nonce=1&cl_ord_id=mine");
    }
    CHECK(body(tag("AddOrder", R"({"pair":"XBTUSD"})", TagChoice::none)) == "nonce=1&pair=XBTUSD");
    // 0 is what Kraken shows where there is none, so it names nothing; but the caller's word stands.
    const Tagged zero = tag("AddOrder", R"({"userref":0})");
    CHECK(body(zero) == "nonce=1&userref=0");
    CHECK(zero.sought.rows.at(0).tag.kind == Tag::Kind::none);
}

TEST_CASE("tagging: each row of a batch has a tag of its own, and every other byte stays") {
    const Tagged call = tag(
        "AddOrderBatch",
        R"({"pair":"XBTUSD","orders":[{"type":"buy","volume":1.10},{"userref":7,"type":"sell"},{}, {"cl_ord_id":"x"}]})"
    );
    REQUIRE(call.sought.rows.size() == 4);
    const auto& rows = call.sought.rows;
    CHECK(rows.at(0).tag.ours);
    CHECK_FALSE(rows.at(1).tag.ours);
    CHECK(rows.at(2).tag.ours);
    CHECK(rows.at(3).tag == Tag{Tag::Kind::cl_ord_id, "x", false});
    CHECK(rows.at(0).tag != rows.at(2).tag);
    CHECK(rows.at(1).pair == "XBTUSD");
    CHECK(
        body(call) == R"({"nonce":"1","pair":"XBTUSD","orders":[{"type":"buy","volume":1.10,"userref":)" +
                          rows.at(0).tag.value + R"(},{"userref":7,"type":"sell"},{"userref":)" +
                          rows.at(2).tag.value + R"(}, {"cl_ord_id":"x"}]})"
    );
}

TEST_CASE("tagging: a deadline for what takes one and has none") {
    const base::Time deadline{std::chrono::milliseconds(1'700'000'010'250)};
    for (const auto* endpoint : {"AddOrder", "AmendOrder", "EditOrder"}) {
        Tagged call = tag(endpoint, R"({"userref":1})");
        set_deadline(*protocol::find_endpoint(endpoint), call, deadline);
        CHECK(body(call) == "nonce=1&userref=1&deadline=2023-11-14T22%3A13%3A30.250Z");
        CHECK(call.sought.deadline == deadline);
    }
    Tagged own = tag("AddOrder", R"({"userref":1,"deadline":"2023-11-14T23:13:20+01:00"})");
    set_deadline(*protocol::find_endpoint("AddOrder"), own, deadline);
    CHECK(own.sought.deadline == base::Time(std::chrono::seconds(1'700'000'000)));
    Tagged none = tag("Withdraw", R"({"asset":"XBT"})");
    set_deadline(*protocol::find_endpoint("Withdraw"), none, deadline);
    CHECK_FALSE(none.sought.deadline);
}

TEST_CASE("sought: it comes back as it was written, and a stranger's text is none") {
    Tagged call = tag(
        "AddOrder",
        R"({"pair":"XBTUSD","type":"buy","ordertype":"limit","volume":"1.10000000","price":30000.10,"price2":"#1"})"
    );
    call.sought.deadline = base::Time(std::chrono::microseconds(1'700'000'000'000'001));
    call.sought.sent_at = base::Time(std::chrono::microseconds(1'700'000'000'000'002));
    const auto again = parse_sought(to_json(call.sought));
    REQUIRE(again);
    CHECK(to_json(*again) == to_json(call.sought));
    CHECK(again->rows.at(0).volume == "1.10000000");
    CHECK(again->rows.at(0).price == "30000.10");
    CHECK(again->deadline == call.sought.deadline);
    CHECK(again->sent_at == call.sought.sent_at);
    for (const auto* text : {"", "{}", "[]", R"({"kind":"orders"})", R"({"kind":"dance","rows":[]})"})
        CHECK_FALSE(parse_sought(text));
}

TEST_CASE("sought: what Kraken computes is not compared") {
    CHECK(tag("AddOrder", R"({"volume":"100","oflags":"fciq,viqc"})").sought.rows.at(0).volume.empty());
    CHECK(tag("AddOrder", R"({"volume":"0"})").sought.rows.at(0).volume.empty());
}

TEST_CASE("RFC 3339: with offsets and fractions, and nothing else") {
    const auto [text, microseconds] = GENERATE(table<std::string, std::int64_t>({
        {"2023-11-14T22:13:20Z", 1'700'000'000'000'000},
        {"2023-11-14T22:13:20.5Z", 1'700'000'000'500'000},
        {"2023-11-14T22:13:20.123456789Z", 1'700'000'000'123'456},
        {"2023-11-14T23:13:20+01:00", 1'700'000'000'000'000},
        {"2023-11-14T20:43:20.250-01:30", 1'700'000'000'250'000},
    }));
    CHECK(base::parse_rfc3339(text) == base::Time(std::chrono::microseconds(microseconds)));
    for (const auto* none :
         {"",
          "now",
          "2023-11-14",
          "2023-11-14T22:13:20",
          "2023-11-14T22:13:20.Z",
          "2023-11-14T22:13:20Zjunk",
          "1700000000",
          "2023-13-14T22:13:20Z"}) {
        CAPTURE(none);
        CHECK_FALSE(base::parse_rfc3339(none));
    }
}
