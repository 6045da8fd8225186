// Money in and out, and earn.

#include <catch2/catch.hpp>

#include "tests/exchange/venue/tests/bench.hpp"

using namespace exchange;

namespace {

struct FundedBench : Bench {
    FundedBench() { venue.add_withdraw_address("alice", "cold", "XBT", "bc1qcold"); }

    std::string withdraw(Fields more = {}) {
        Fields fields = {{"asset", "XBT"}, {"key", "cold"}, {"amount", "0.725"}};
        fields.insert(fields.end(), more.begin(), more.end());
        const Answer answer = ask("Withdraw", fields);
        if (!answer.errors.empty()) return answer.errors.front();
        return std::string(boost::json::parse(answer.result).at("refid").as_string());
    }
    std::string status() { return std::string(result("WithdrawStatus").at(0).at("status").as_string()); }
};

}  // namespace

TEST_CASE("a withdrawal takes the money at once and moves through its states with time") {
    FundedBench bench;
    const auto refid = bench.withdraw({{"address", "bc1qcold"}, {"max_fee", "0.0002"}});
    CHECK(refid.starts_with("FT"));
    CHECK(bench.balance("XXBT") == "9.2750000000");
    const auto row = bench.result("WithdrawStatus", {{"asset", "XBT"}}).at(0);
    CHECK(row.at("refid") == boost::json::value(refid));
    CHECK(row.at("amount") == "0.7248000000");
    CHECK(row.at("fee") == "0.0002000000");
    CHECK(row.at("key") == "cold");
    CHECK(bench.status() == "Initial");
    bench.now += 20s;
    CHECK(bench.status() == "Pending");
    bench.now += 20s;
    CHECK(bench.status() == "Settled");
    bench.now += 20s;
    CHECK(bench.status() == "Success");
    CHECK(bench.text("WithdrawCancel", {{"asset", "XBT"}, {"refid", refid}}) == "false");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a withdrawal is refused for key, address, fee, amount and funds, each with its text") {
    FundedBench bench;
    CHECK(bench.withdraw({{"address", "bc1qother"}}) == "EFunding:Invalid withdrawal address");
    bench.venue.settings().invalid_withdrawal_address_text = "Invalid withdrawal address";
    CHECK(bench.withdraw({{"address", "bc1qother"}}) == "Invalid withdrawal address");
    CHECK(bench.withdraw({{"max_fee", "0.0001"}}) == "EFunding:Max fee exceeded");
    const auto error = [&](const char* asset, const char* key, const char* amount) {
        return bench.error("Withdraw", {{"asset", asset}, {"key", key}, {"amount", amount}});
    };
    CHECK(error("XBT", "warm", "1") == "EFunding:Unknown withdraw key");
    CHECK(error("ETH", "cold", "1") == "EFunding:Unknown withdraw key");
    CHECK(error("XBT", "cold", "0.0001") == "EFunding:Invalid amount");
    CHECK(error("XBT", "cold", "11") == "EFunding:Insufficient funds");
    CHECK(error("MOON", "cold", "1") == "EQuery:Unknown asset");
    CHECK(error("XBT", "cold", "-1") == "EGeneral:Invalid arguments:amount");
    bench.place(bench.limit("sell", "9.9", "31000", {{"oflags", "fciq"}}));
    CHECK(bench.withdraw() == "EFunding:Insufficient funds");
    CHECK(bench.text("WithdrawStatus") == "[]");
    bench.as("bob");
    CHECK(bench.withdraw() == "EFunding:Unknown withdraw key");
}

TEST_CASE("a withdrawal can be canceled while it is pending, and gives the money back") {
    FundedBench bench;
    const auto refid = bench.withdraw();
    CHECK(
        bench.error("WithdrawCancel", {{"asset", "XBT"}, {"refid", "FTx"}}) == "EFunding:Unknown reference id"
    );
    CHECK(bench.text("WithdrawCancel", {{"asset", "XBT"}, {"refid", refid}}) == "true");
    CHECK(bench.text("WithdrawCancel", {{"asset", "XBT"}, {"refid", refid}}) == "false");
    CHECK(bench.balance("XXBT") == "10.0000000000");
    CHECK(bench.result("WithdrawStatus").at(0).at("status-prop") == "canceled");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a failing withdrawal gives the money back when it fails") {
    FundedBench bench;
    bench.venue.settings().withdrawals_fail = true;
    bench.withdraw();
    bench.now += 39s;
    CHECK(bench.balance("XXBT") == "9.2750000000");
    bench.now += 1s;
    CHECK(bench.balance("XXBT") == "10.0000000000");
    CHECK(bench.status() == "Failure");
    bench.now += 60s;
    CHECK(bench.balance("XXBT") == "10.0000000000");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("lists of withdrawals come in pages when a cursor is asked for") {
    FundedBench bench;
    for (int i = 0; i < 3; ++i)
        bench.withdraw();
    const auto page = bench.result("WithdrawStatus", {{"cursor", "true"}, {"limit", "2"}});
    CHECK(page.at("withdrawal").as_array().size() == 2);
    const auto next = std::string(page.at("next_cursor").as_string());
    const auto rest = bench.result("WithdrawStatus", {{"cursor", next}, {"limit", "2"}});
    CHECK(rest.at("withdrawal").as_array().size() == 1);
    CHECK(rest.at("next_cursor").is_null());
    CHECK(bench.error("WithdrawStatus", {{"cursor", "?"}}) == "EGeneral:Invalid arguments:cursor");
}

TEST_CASE("methods, addresses and information for withdrawals have Kraken's shapes") {
    FundedBench bench;
    CHECK(
        bench.text("WithdrawInfo", {{"asset", "XBT"}, {"key", "cold"}, {"amount", "0.72505"}}) ==
        R"({"method":"Bitcoin","limit":"10.00000000","amount":"0.72485000","fee":"0.00020000"})"
    );
    CHECK(
        bench.text("WithdrawAddresses") ==
        R"([{"address":"bc1qcold","asset":"XXBT","method":"Bitcoin","key":"cold","verified":true}])"
    );
    CHECK(
        bench.text("WithdrawMethods", {{"asset", "XBT"}}) ==
        R"([{"asset":"XXBT","method":"Bitcoin","network":"Bitcoin","minimum":"0.0004000000"}])"
    );
}

TEST_CASE("deposit addresses are made on request, five unused at most") {
    Bench bench;
    const auto address = [&](Fields more) {
        more.insert(more.begin(), {{"asset", "XBT"}, {"method", "Bitcoin"}});
        return bench.text("DepositAddresses", more);
    };
    CHECK(address({}) == "[]");
    for (int i = 0; i < 5; ++i)
        CHECK(address({{"new", "true"}}).starts_with(R"([{"address":"bc1q)"));
    CHECK(address({{"new", "true"}}) == "EFunding:Too many addresses");
    bench.venue.deposit("alice", "XBT", "0.5", bench.now);
    CHECK(bench.balance("XXBT") == "10.5000000000");
    CHECK(bench.result("DepositStatus").at(0).at("amount") == "0.5000000000");
    CHECK(address({{"new", "true"}}).starts_with("[{"));
    CHECK(
        bench.error("DepositAddresses", {{"asset", "XBT"}, {"method", "Pigeon"}}) ==
        "EFunding:No funding method"
    );
    CHECK(bench.result("DepositMethods", {{"asset", "XBT"}}).at(0).at("limit") == false);
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("a new deposit address may need the permission to add funds") {
    Bench bench;
    bench.caller.permissions = {"query-funds"};
    const Fields fields = {{"asset", "XBT"}, {"method", "Bitcoin"}, {"new", "true"}};
    CHECK(bench.error("DepositAddresses", fields).empty());
    bench.venue.settings().new_address_needs_add_funds = true;
    CHECK(bench.error("DepositAddresses", fields) == "EGeneral:Permission denied");
}

TEST_CASE("a wallet transfer leaves the spot wallet, can be taken back, and only goes one way") {
    Bench bench;
    const auto transfer = [&](const char* from, const char* to) {
        return bench.result(
            "WalletTransfer", {{"asset", "USD"}, {"from", from}, {"to", to}, {"amount", "100"}}
        );
    };
    const auto refid = std::string(transfer("Spot Wallet", "Futures Wallet").at("refid").as_string());
    CHECK(bench.balance("ZUSD") == "99900.0000");
    CHECK(transfer("Futures Wallet", "Spot Wallet") == "EGeneral:Invalid arguments:from");
    bench.caller.permissions = {};
    CHECK(bench.text("WithdrawCancel", {{"asset", "USD"}, {"refid", refid}}) == "true");
    CHECK(bench.balance("ZUSD") == "100000.0000");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("only institutional accounts make subaccounts and move money between accounts") {
    Bench bench;
    const Fields subaccount = {{"username", "desk2"}, {"email", "desk2@example.com"}};
    CHECK(bench.error("CreateSubaccount", subaccount) == "EAccount:Invalid permissions");
    bench.venue.settings().institutional_accounts = {"alice"};
    CHECK(bench.text("CreateSubaccount", subaccount) == "true");
    CHECK(bench.error("CreateSubaccount", subaccount) == "EGeneral:Invalid arguments:username");
    CHECK(
        bench.error("CreateSubaccount", {{"username", "x"}, {"email", "x"}}) ==
        "EGeneral:Invalid arguments:email"
    );
    const Fields transfer = {
        {"asset", "USD"},
        {"amount", "10"},
        {"from", bench.venue.iban("alice")},
        {"to", bench.venue.iban("desk2")}
    };
    CHECK(bench.result("AccountTransfer", transfer).at("status") == "complete");
    CHECK(bench.balance("ZUSD") == "99990.0000");
    bench.as("desk2");
    CHECK(bench.balance("ZUSD") == "10.0000");
    CHECK(bench.error("AccountTransfer", transfer) == "EAccount:Invalid permissions");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("an earn allocation takes effect later, one at a time for each strategy") {
    Bench bench;
    const Fields wish = {{"strategy_id", "ESDQCOL-WTZEU-NU55QF"}, {"amount", "2"}};
    const Fields which = {{"strategy_id", "ESDQCOL-WTZEU-NU55QF"}};
    CHECK(bench.text("Earn/Allocate", wish) == "true");
    CHECK(bench.text("Earn/AllocateStatus", which) == R"({"pending":true})");
    CHECK(
        bench.error("Earn/Deallocate", wish) ==
        "EEarnings:Busy:Another (de)allocation for the same strategy is in progress"
    );
    CHECK(bench.balance("XETH") == "50.0000000000");
    bench.now += 5s;
    CHECK(bench.text("Earn/AllocateStatus", which) == R"({"pending":false})");
    CHECK(bench.balance("XETH") == "48.0000000000");
    CHECK(bench.balance("ETH.F") == "2.0000000000");
    const auto allocations = bench.result("Earn/Allocations", {{"hide_zero_allocations", "true"}});
    CHECK(allocations.at("total_allocated") == "4000.0000");
    CHECK(allocations.at("items").as_array().size() == 1);
    CHECK(bench.text("Earn/Deallocate", wish) == "true");
    bench.now += 5s;
    CHECK(bench.text("Earn/DeallocateStatus", which) == R"({"pending":false})");
    CHECK(bench.balance("XETH") == "50.0000000000");
    CHECK(bench.venue.audit().empty());
}

TEST_CASE("an earn operation is refused for minimum, cap, tier and strategy, and fails later for funds") {
    Bench bench;
    const auto allocate = [&](const char* id, const char* amount) {
        return bench.error("Earn/Allocate", {{"strategy_id", id}, {"amount", amount}});
    };
    CHECK(
        allocate("ESDQCOL-WTZEU-NU55QF", "0.00001") ==
        "EEarnings:Below min:(De)allocation operation amount less than minimum"
    );
    CHECK(
        allocate("ESDQCOL-WTZEU-NU55QF", "1001") ==
        "EEarnings:Above max:The allocation exceeds user limit for the strategy"
    );
    CHECK(allocate("ESXXXXX", "1") == "EGeneral:Invalid arguments:Invalid strategy ID");
    CHECK(allocate("ESDQCOL-WTZEU-NU55QF", "60").empty());
    bench.now += 5s;
    CHECK(
        bench.error("Earn/AllocateStatus", {{"strategy_id", "ESDQCOL-WTZEU-NU55QF"}}) ==
        "EEarnings:Insufficient funds:Insufficient funds to complete the (de)allocation request"
    );
    CHECK(bench.balance("XETH") == "50.0000000000");
    CHECK(bench.venue.audit().empty());
    bench.venue.settings().earn_tier_high_enough = false;
    CHECK(
        allocate("ESDQCOL-WTZEU-NU55QF", "1") ==
        "EEarnings:Permission denied:The user's tier is not high enough"
    );
}

TEST_CASE("earn strategies are filtered and paged") {
    Bench bench;
    CHECK(bench.result("Earn/Strategies").at("items").as_array().size() == 4);
    CHECK(bench.result("Earn/Strategies", {{"lock_type", "bonded"}}).at("items").as_array().size() == 2);
    CHECK(
        bench.result("Earn/Strategies", {{"asset", "DOT"}}).at("items").at(0).at("lock_type").at("type") ==
        "bonded"
    );
    const auto page = bench.result("Earn/Strategies", {{"limit", "3"}});
    CHECK(page.at("next_cursor") == "3");
    CHECK(bench.result("Earn/Strategies", {{"cursor", "3"}}).at("items").as_array().size() == 1);
    CHECK(bench.error("Earn/Strategies", {{"lock_type", "rusty"}}) == "EGeneral:Invalid arguments:lock_type");
}
