// kraken/refusal: several texts in one answer, remedies, and how long to wait.

#include "kraken/refusal.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

namespace {

using namespace krakken::kraken;
using krakken::protocol::Error;
using krakken::protocol::ErrorCode;
using krakken::protocol::Executed;
using krakken::protocol::find_endpoint;
using namespace std::chrono_literals;

const krakken::base::Time now{1'700'000'000s};

Error read(std::vector<std::string> errors) {
    return classify(std::move(errors), *find_endpoint("Balance"), now);
}

Error place(std::vector<std::string> errors) {
    return classify(std::move(errors), *find_endpoint("AddOrder"), now);
}

std::string in(std::chrono::seconds wait) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(now + wait).time_since_epoch().count());
}

}  // namespace

TEST_CASE("the gravest of several errors decides") {
    CHECK(read({"EOrder:Insufficient funds", "EAPI:Invalid key"}).code == ErrorCode::auth);
    CHECK(read({"EAPI:Rate limit exceeded", "EGeneral:Temporary lockout"}).code == ErrorCode::lockout);
    CHECK(read({"EQuery:Unknown asset", "EOrder:Insufficient funds"}).code == ErrorCode::funds);
    const Error both = place({"EOrder:Invalid price", "EGeneral:Invalid arguments:volume"});
    CHECK(both.code == ErrorCode::order);
    CHECK(both.kraken.size() == 2);
    CHECK(both.message.contains("EOrder:Invalid price, EGeneral:Invalid arguments:volume"));
}

TEST_CASE("one error that leaves a placement open leaves it open, whatever stands beside it") {
    const auto graver = GENERATE(
        as<std::string>(),
        "EGeneral:Temporary lockout",
        "EService:Throttled",
        "EAPI:Invalid key",
        "EOrder:Invalid price"
    );
    const auto open = GENERATE(
        as<std::string>(),
        "EGeneral:Internal error",
        "EService:Unavailable",
        "EAPI:Invalid nonce",
        "EGeneral:Something new",
        "nobody knows this"
    );
    CAPTURE(graver, open);
    CHECK(place({graver, open}).executed == Executed::unknown);
    CHECK(place({open, graver}).code == ErrorCode::outcome_unknown);
    CHECK_FALSE(place({open, graver}).retryable);
    CHECK(read({graver, open}).executed == Executed::no);
}

TEST_CASE("a missing permission is named as Kraken's page names it") {
    CHECK(
        place({"EGeneral:Permission denied"}).remedy ==
        R"(tick "Orders and trades - Create & modify orders" for this key at Kraken)"
    );
    CHECK(classify({"EAPI:Permission denied"}, *find_endpoint("GetApiKeyInfo"), now).remedy.empty());
    CHECK(
        read({"EAccount:Invalid permissions:x"}).remedy ==
        "see the account's verification and region at Kraken"
    );
}

TEST_CASE("an open placement says not to repeat it") {
    CHECK(place({"EGeneral:Internal error"}).remedy.starts_with("do not repeat it"));
}

TEST_CASE("throttling says until when, within reason") {
    CHECK(read({"EService: Throttled: " + in(20s)}).retry_after == 20s);
    CHECK(read({"EService:Throttled:" + in(-20s)}).retry_after == 1s);
    CHECK(read({"EService:Throttled:" + in(48h)}).retry_after == 15min);
    CHECK(read({"EService:Throttled:9223372036854775807"}).retry_after == 15min);
    CHECK(read({"EService:Throttled:-9223372036854775808"}).retry_after == 1s);
    CHECK_FALSE(read({"EService:Throttled:99999999999999999999"}).retry_after);
    CHECK_FALSE(read({"EService:Throttled:"}).retry_after);
    CHECK_FALSE(read({"EService:Throttled"}).retry_after);
    CHECK_FALSE(read({"EAPI:Rate limit exceeded"}).retry_after);
}
