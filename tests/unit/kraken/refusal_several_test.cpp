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
    const std::string otp =
        "; if the key has two-factor authentication, check the OTP that was saved with it";
    const auto text = GENERATE(as<std::string>(), "EGeneral:Permission denied", "EAPI:Permission denied");
    CHECK(
        place({text}).remedy ==
        R"(tick "Orders and trades - Create & modify orders" for this key at Kraken)" + otp
    );
    CHECK(read({text}).remedy == R"(tick "Funds permissions - Query" for this key at Kraken)" + otp);
    CHECK(
        classify({text}, *find_endpoint("AddOrderBatch"), now).remedy ==
        R"(tick "Orders and trades - Create & modify orders" and "Orders and trades - Cancel & close orders")"
        " for this key at Kraken" +
            otp
    );
    CHECK(
        classify({text}, *find_endpoint("Earn/Strategies"), now).remedy ==
        "see the key's permissions at Kraken" + otp
    );
}

TEST_CASE("remedies name what a person has to do") {
    const auto [text, part] = GENERATE(table<std::string, std::string>({
        {"EAPI:Invalid key", "add it again"},
        {"EAPI:Invalid signature", "OTP"},
        {"EAPI:Invalid nonce", "other program"},
        {"EAPI:Rate limit exceeded", "0.33 (starter), 0.5 (intermediate) or 1 (pro) a second"},
        {"EGeneral:Temporary lockout", "15 minutes"},
        {"EAuth:Account unconfirmed", "e-mail"},
        {"ETrade:User Locked", "support"},
        {"EAccount:Invalid permissions:EXAMPLE trading restricted for US:WA.", "region"},
        {"EOrder:Trading agreement required", "accept it"},
        {"EOrder:Order minimum not met", "AssetPairs"},
        {"EOrder:Cost minimum not met", "AssetPairs"},
        {"EOrder:Tick size check failed", "AssetPairs"},
        {"EOrder:Insufficient funds", "BalanceEx"},
        {"EOrder:Margin level too low", "TradeBalance"},
        {"EOrder:Unknown order", "QueryOrders"},
        {"EQuery:Unknown asset pair", "AssetPairs"},
        {"EQuery:Unknown asset", "Assets"},
        {"EService:Market in cancel_only mode", "status.kraken.com"},
    }));
    CAPTURE(text);
    CHECK(read({text}).remedy.contains(part));
}

TEST_CASE("what is open says not to repeat it, and where to look") {
    const auto [name, part] = GENERATE(table<std::string, std::string>({
        {"AddOrder", "OpenOrders and ClosedOrders"},
        {"AddOrderBatch", "cl_ord_id or userref"},
        {"AmendOrder", "QueryOrders (by txid)"},
        {"EditOrder", "QueryOrders (by txid)"},
        {"AddStrategy", "GetOpenStrategies"},
        {"AddExport", "ExportStatus"},
        {"DepositAddresses", "DepositAddresses without new"},
        {"CreateSubaccount", "Kraken"},
        {"Withdraw", "WithdrawStatus"},
        {"WalletTransfer", "Ledgers"},
        {"Earn/Allocate", "Earn/AllocateStatus"},
    }));
    CAPTURE(name);
    const Error error = classify({"EGeneral:Internal error"}, *find_endpoint(name), now);
    CHECK(error.code == ErrorCode::outcome_unknown);
    CHECK(error.executed == Executed::unknown);
    CHECK_FALSE(error.retryable);
    CHECK_FALSE(error.retry_after);
    CHECK(error.remedy.starts_with("do not repeat it; look it up first"));
    CHECK(error.remedy.contains(part));
}

TEST_CASE("how long to wait is told to whoever has to wait") {
    CHECK(place({"EAPI:Rate limit exceeded"}).retry_after == 6s);
    CHECK(place({"EOrder:Rate limit exceeded"}).retry_after == 6s);
    CHECK(place({"EService:Throttled"}).retry_after == 6s);
    CHECK(place({"EGeneral:Temporary lockout"}).retry_after == 15min);
    CHECK(read({"EGeneral:Temporary lockout"}).retry_after == 15min);
    CHECK_FALSE(place({"EOrder:Insufficient funds"}).retry_after);
    // A read is repeated by the daemon, with growing pauses.
    CHECK_FALSE(read({"EAPI:Rate limit exceeded"}).retry_after);
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
