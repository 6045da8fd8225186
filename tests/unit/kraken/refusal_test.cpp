// kraken/refusal: every error text that Kraken is known to send, and what it means for the caller.

#include "kraken/refusal.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <catch2/catch.hpp>
#include <string>

namespace {

using namespace krakken::kraken;
using krakken::protocol::Error;
using krakken::protocol::ErrorCode;
using krakken::protocol::Executed;
using krakken::protocol::find_endpoint;
using krakken::protocol::Origin;

const krakken::base::Time now{std::chrono::seconds(1'700'000'000)};

enum class Placed { no, maybe };

struct Row {
    std::string text;
    ErrorCode code;    // to a read
    Placed placement;  // may an order that was answered so have been placed?
    bool retryable;    // by a read; by a placement only where nothing was placed
};

constexpr auto no = Placed::no;
constexpr auto maybe = Placed::maybe;

// clang-format off
const std::vector<Row> rows{
    {"EAPI:Invalid key", ErrorCode::auth, no, false},
    {"EAPI:Invalid signature", ErrorCode::auth, no, false},
    {"EAPI:Invalid nonce", ErrorCode::nonce, maybe, false},
    {"EAPI:Rate limit exceeded", ErrorCode::rate_limit, no, true},
    {"EAPI:Bad request", ErrorCode::order, no, false},
    {"EAPI:Feature disabled", ErrorCode::service, no, false},
    {"EAPI:Invalid token", ErrorCode::order, no, false},
    {"EAPI:Permission denied", ErrorCode::permission, no, false},
    {"EAPI:Invalid arguments:start_time must be < expire_time", ErrorCode::order, no, false},
    {"EAPI:Invalid arguments:expire_time above max", ErrorCode::order, no, false},
    {"EAPI:Invalid arguments:price below min", ErrorCode::order, no, false},
    {"EAPI:Invalid arguments:offer not found", ErrorCode::order, no, false},
    {"EAuth:Account temporary disabled", ErrorCode::auth, no, false},
    {"EAuth:Account unconfirmed", ErrorCode::auth, no, false},
    {"EAuth:Rate limit exceeded", ErrorCode::rate_limit, no, true},
    {"EAuth:Too many requests", ErrorCode::rate_limit, no, true},
    {"EAuth:Failed", ErrorCode::auth, no, false},
    {"EGeneral:Invalid arguments", ErrorCode::order, no, false},
    {"EGeneral:Invalid arguments:ordertype", ErrorCode::order, no, false},
    {"EGeneral:Invalid arguments:volume", ErrorCode::order, no, false},
    {"EGeneral:Invalid arguments:price", ErrorCode::order, no, false},
    {"EGeneral:Invalid arguments:pair", ErrorCode::order, no, false},
    {"EGeneral:Invalid arguments:cl_ord_id", ErrorCode::order, no, false},
    {"EGeneral:Invalid arguments:volume minimum not met", ErrorCode::order, no, false},
    {"EGeneral:Invalid arguments:Invalid strategy ID", ErrorCode::order, no, false},
    {"EGeneral:Invalid arguments:Index unavailable", ErrorCode::order, no, false},
    {"EGeneral:Permission denied", ErrorCode::permission, no, false},
    {"EGeneral:Unknown method", ErrorCode::order, no, false},
    {"EGeneral:Internal error", ErrorCode::service, maybe, true},
    {"EGeneral:Internal error:42", ErrorCode::service, maybe, true},
    {"EGeneral:Temporary lockout", ErrorCode::lockout, no, true},
    {"EGeneral:Too many requests", ErrorCode::rate_limit, no, true},
    {"EGeneral:Invalid User:auction owned by someone else", ErrorCode::order, no, false},
    {"EGeneral:Timeout", ErrorCode::service, maybe, true},
    {"EQuery:Unknown asset", ErrorCode::order, no, false},
    {"EQuery:Unknown asset pair", ErrorCode::order, no, false},
    {"EQuery:Invalid asset pair", ErrorCode::order, no, false},
    {"EOrder:Insufficient funds", ErrorCode::funds, no, false},
    {"EOrder:Insufficient margin", ErrorCode::funds, no, false},
    {"EOrder:Cannot open position", ErrorCode::order, no, false},
    {"EOrder:Cannot open opposing position", ErrorCode::order, no, false},
    {"EOrder:Margin allowance exceeded", ErrorCode::funds, no, false},
    {"EOrder:Margin level too low", ErrorCode::funds, no, false},
    {"EOrder:Margin position size exceeded", ErrorCode::order, no, false},
    {"EOrder:Positions limit exceeded", ErrorCode::order, no, false},
    {"EOrder:Order minimum not met", ErrorCode::order, no, false},
    {"EOrder:Cost minimum not met", ErrorCode::order, no, false},
    {"EOrder:Tick size check failed", ErrorCode::order, no, false},
    {"EOrder:Invalid price", ErrorCode::order, no, false},
    {"EOrder:Invalid order", ErrorCode::order, no, false},
    {"EOrder:Unknown order", ErrorCode::order, no, false},
    {"EOrder:Unknown position", ErrorCode::order, no, false},
    {"EOrder:No amendable parameters", ErrorCode::order, no, false},
    {"EOrder:Post only order", ErrorCode::order, no, false},
    {"EOrder:Rate limit exceeded", ErrorCode::rate_limit, no, true},
    {"EOrder:Domain rate limit exceeded", ErrorCode::rate_limit, no, true},
    {"EOrder:Orders limit exceeded", ErrorCode::order, no, false},
    {"EOrder:Scheduled orders limit exceeded", ErrorCode::order, no, false},
    {"EOrder:Reduce only:No position exists", ErrorCode::order, no, false},
    {"EOrder:Reduce only:Position is closed", ErrorCode::order, maybe, false},
    {"EOrder:Reduce only:Non-PC", ErrorCode::order, no, false},
    {"EOrder:Trading agreement required", ErrorCode::order, no, false},
    {"ETrade:Invalid request", ErrorCode::order, no, false},
    {"ETrade:Locked", ErrorCode::order, no, false},
    {"ETrade:User Locked", ErrorCode::order, no, false},
    {"EAccount:Invalid permissions", ErrorCode::permission, no, false},
    {"EAccount:Invalid permissions:EXAMPLE trading restricted for US:WA.", ErrorCode::permission, no, false},
    {"EBM:limit exceeded:CAL", ErrorCode::order, no, false},
    {"EFunding:Unknown withdraw key", ErrorCode::order, no, false},
    {"EFunding:Invalid amount", ErrorCode::order, no, false},
    {"EFunding:Max fee exceeded", ErrorCode::order, no, false},
    {"EFunding:No funding method", ErrorCode::order, no, false},
    {"EFunding:Too many addresses", ErrorCode::order, no, false},
    {"EFunding:Unknown asset", ErrorCode::order, no, false},
    {"EFunding:Invalid reference id", ErrorCode::order, no, false},
    {"EFunding:Unknown reference id", ErrorCode::order, no, false},
    {"EFunding:Invalid staking method", ErrorCode::order, no, false},
    {"Invalid withdrawal address", ErrorCode::order, no, false},
    {"EFunding:Invalid withdrawal address", ErrorCode::order, no, false},
    {"EEarnings:Below min:(De)allocation operation amount less than minimum", ErrorCode::order, no, false},
    {"EEarnings:Busy:Another (de)allocation for the same strategy is in progress", ErrorCode::service, no, true},
    {"EEarnings:Busy", ErrorCode::service, no, true},
    {"EEarnings:Permission denied:The user's tier is not high enough", ErrorCode::order, no, false},
    {"EEarnings:Insufficient funds:Insufficient funds to complete the request", ErrorCode::funds, no, false},
    {"EEarnings:Above max:The allocation exceeds user limit for the strategy", ErrorCode::order, no, false},
    {"EEarnings:Above max:The allocation exceeds the total strategy limit", ErrorCode::order, no, false},
    {"EService:Unavailable", ErrorCode::service, maybe, true},
    {"EService:Busy", ErrorCode::service, maybe, true},
    {"EService:Throttled: 1700000000", ErrorCode::rate_limit, no, true},
    {"EService:Throttled", ErrorCode::rate_limit, no, true},
    {"EService:Market in cancel_only mode", ErrorCode::service, no, true},
    {"EService:Market in post_only mode", ErrorCode::service, no, true},
    {"EService:Deadline elapsed", ErrorCode::service, maybe, false},
    {"ESession:Invalid session", ErrorCode::order, no, false},
    {"EDatabase:Internal error", ErrorCode::service, maybe, true},
    {"Invalid timeout argument", ErrorCode::order, no, false},
    {"Symbol(s) not found", ErrorCode::order, no, false},
    {"Unsupported field: 'price'", ErrorCode::order, no, false},
    {"Currency pair not supported XBT/ABC", ErrorCode::order, no, false},
    {"limit price(s) not found", ErrorCode::order, no, false},
    {"No amendable parameters", ErrorCode::order, no, false},
    // Of a known class: refusals by rule did nothing, faults may have.
    {"EAPI:Something new", ErrorCode::order, no, false},
    {"EAuth:Something new", ErrorCode::auth, no, false},
    {"EAccount:Something new", ErrorCode::permission, no, false},
    {"EBM:Something new", ErrorCode::order, no, false},
    {"EQuery:Something new", ErrorCode::order, no, false},
    {"EOrder:Something new", ErrorCode::order, no, false},
    {"ETrade:Something new", ErrorCode::order, no, false},
    {"EFunding:Something new", ErrorCode::order, no, false},
    {"EEarnings:Something new", ErrorCode::order, no, false},
    {"ESession:Something new", ErrorCode::order, no, false},
    {"EDatabase:Something new", ErrorCode::service, maybe, true},
    // Of no known form: on a placement nothing is certain.
    {"EOther:Something", ErrorCode::order, maybe, false},
    {"EGeneral:Something new", ErrorCode::service, maybe, false},
    {"EService:Something new", ErrorCode::service, maybe, true},
    {"something", ErrorCode::order, maybe, false},
    {"", ErrorCode::order, maybe, false},
};
// clang-format on

void check_common(const Error& error, const std::string& text) {
    CHECK(error.origin == Origin::kraken);
    CHECK(error.kraken == std::vector<std::string>{text});
    CHECK(error.message.contains(text));
    CHECK_FALSE(error.remedy.empty());
}

void check(const Row& row, const std::string& text) {
    CAPTURE(text);
    const bool open = row.placement == Placed::maybe;

    const Error read = classify({text}, *find_endpoint("Balance"), now);
    CHECK(read.code == row.code);
    CHECK(read.executed == Executed::no);
    CHECK(read.retryable == row.retryable);
    CHECK(read.message.contains("nothing was read"));
    check_common(read, text);

    // A cancel may be repeated: what one answer leaves open, the next may settle.
    const Error cancel = classify({text}, *find_endpoint("CancelOrder"), now);
    CHECK(cancel.code == row.code);
    CHECK(cancel.executed == Executed::no);
    CHECK(cancel.retryable == row.retryable);
    CHECK(cancel.message.contains(open ? "may have canceled" : "nothing was canceled"));
    CHECK(leaves_open({text}) == (open && row.code != ErrorCode::nonce));
    check_common(cancel, text);

    const Error placement = classify({text}, *find_endpoint("AddOrder"), now);
    CHECK(placement.code == (open ? ErrorCode::outcome_unknown : row.code));
    CHECK(placement.executed == (open ? Executed::unknown : Executed::no));
    CHECK(placement.retryable == (!open && row.retryable));
    CHECK(placement.message.contains(open ? "may have been placed" : "no order was placed"));
    CHECK(placement.remedy.starts_with("do not repeat it; look it up first") == open);
    check_common(placement, text);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

}  // namespace

TEST_CASE("every known error text has its meaning") {
    for (const Row& row : rows)
        check(row, row.text);
}

TEST_CASE("neither spacing nor letter case changes a meaning") {
    for (const Row& row : rows) {
        check(row, replaced(row.text, ":", ": "));
        check(row, replaced(row.text, " ", ""));
        check(row, " " + row.text + " ");
        check(row, boost::algorithm::to_upper_copy(row.text));
    }
}

TEST_CASE("whatever else acts once stays as open as a placement") {
    CHECK(classify({"EService:Unavailable"}, *find_endpoint("Withdraw"), now).executed == Executed::unknown);
    CHECK(classify({"EService:Busy"}, *find_endpoint("AddExport"), now).executed == Executed::unknown);
}

TEST_CASE("what acts once") {
    for (const auto& endpoint : krakken::protocol::endpoints()) {
        CAPTURE(endpoint.name);
        using enum krakken::protocol::Effect;
        const bool harmless = endpoint.effect == read || endpoint.effect == cancel;
        if (harmless) CHECK_FALSE(acts_once(endpoint));
        if (endpoint.effect == place || endpoint.effect == fund) CHECK(acts_once(endpoint));
    }
}
