#include "tests/exchange/venue/funding.hpp"

#include <algorithm>

#include "tests/exchange/venue/refusal.hpp"

namespace exchange {
namespace {

constexpr std::string_view hex_signs = "0123456789abcdef";
constexpr std::string_view address_signs = "023456789acdefghjklmnpqrstuvwxyz";
constexpr std::ptrdiff_t most_unused_addresses = 5;

}  // namespace

const std::vector<FundingMethod>& funding_methods() {
    const auto of = [](std::string_view text) { return Amount::of(text); };
    static const std::vector<FundingMethod> methods = {
        {"XXBT", "Bitcoin", "Bitcoin", of("0.0002"), of("0.0004"), of("0.0001"), true},
        {"XETH", "Ether", "Ethereum", of("0.0035"), of("0.005"), of("0.001"), true},
        {"XLTC", "Litecoin", "Litecoin", of("0.002"), of("0.03"), of("0.01"), true},
        {"XXRP", "Ripple XRP", "XRP Ledger", of("0.02"), of("22"), of("1"), true},
        {"XXDG", "Dogecoin", "Dogecoin", of("4"), of("50"), of("10"), true},
        {"SOL", "Solana", "Solana", of("0.01"), of("0.02"), of("0.01"), true},
        {"DOT", "Polkadot", "Polkadot", of("0.05"), of("1.5"), of("1"), true},
        {"USDT", "Tether USD (ERC20)", "Ethereum", of("4"), of("10"), of("1"), true},
        {"USDC", "USDC (ERC20)", "Ethereum", of("4"), of("10"), of("1"), true},
        {"ZUSD", "Fedwire (MVB)", "Fedwire", of("4"), of("20"), of("1"), false},
        {"ZEUR", "SEPA", "SEPA", of("0.9"), of("2"), of("1"), false},
        {"ZGBP", "FPS", "FPS", of("1.95"), of("10"), of("1"), false},
    };
    return methods;
}

const FundingMethod& method_of(const std::string& asset) {
    const auto found = std::ranges::find(funding_methods(), asset, &FundingMethod::asset);
    if (found == funding_methods().end()) refuse("EFunding:No funding method");
    return *found;
}

void Funding::deposit(const std::string& account, const Asset& asset, Amount amount, Time now) {
    const FundingMethod& method = method_of(asset.id);
    Movement made{};
    made.account = account;
    made.asset = asset.id;
    made.method = method.name;
    made.network = method.network;
    made.refid = ids_.funding();
    made.txid = ids_.text(64, hex_signs);
    made.amount = amount;
    made.time = now;
    const auto address = std::ranges::find_if(deposit_addresses, [&](const DepositAddress& candidate) {
        return candidate.account == account && candidate.method == method.name;
    });
    if (address != deposit_addresses.end()) {
        address->used = true;
        made.info = address->address;
    }
    books_.post({account, asset.id, amount, {}, "deposit", "", made.refid}, now);
    deposits.push_back(std::move(made));
}

const DepositAddress& Funding::new_address(const std::string& account, const FundingMethod& method) {
    const auto unused = std::ranges::count_if(deposit_addresses, [&](const DepositAddress& address) {
        return address.account == account && address.method == method.name && !address.used;
    });
    if (unused >= most_unused_addresses) refuse("EFunding:Too many addresses");
    return deposit_addresses.emplace_back(
        DepositAddress{account, method.name, "bc1q" + ids_.text(38, address_signs), false}
    );
}

const WithdrawAddress& Funding::address_for(
    const std::string& account, const Asset& asset, const std::string& key
) const {
    const auto found = std::ranges::find_if(withdraw_addresses, [&](const WithdrawAddress& address) {
        return address.account == account && address.asset == asset.id && address.key == key;
    });
    if (found == withdraw_addresses.end()) refuse("EFunding:Unknown withdraw key");
    return *found;
}

// The amount asked for includes the fee: what arrives is the rest.
const Movement& Funding::withdraw(
    const WithdrawAddress& to, const FundingMethod& method, Amount amount, Time now
) {
    if (amount > books_.free(to.account, to.asset)) refuse("EFunding:Insufficient funds");
    Movement made{};
    made.account = to.account;
    made.asset = to.asset;
    made.method = method.name;
    made.network = method.network;
    made.key = to.key;
    made.refid = ids_.funding();
    made.txid = ids_.text(64, hex_signs);
    made.info = to.address;
    made.amount = amount - method.fee;
    made.fee = method.fee;
    made.time = now;
    made.fails = settings_.withdrawals_fail;
    books_.post({to.account, to.asset, -made.amount, made.fee, "withdrawal", "", made.refid}, now);
    return withdrawals.emplace_back(std::move(made));
}

const Movement& Funding::to_futures_wallet(
    const std::string& account, const Asset& asset, Amount amount, Time now
) {
    if (amount > books_.free(account, asset.id)) refuse("EFunding:Insufficient funds");
    Movement made{};
    made.account = account;
    made.asset = asset.id;
    made.refid = ids_.funding();
    made.amount = amount;
    made.time = now;
    made.wallet_transfer = true;
    books_.post({account, asset.id, -amount, {}, "transfer", "spottofutures", made.refid}, now);
    return withdrawals.emplace_back(std::move(made));
}

std::string Funding::status(const Movement& withdrawal, Time now) const {
    if (withdrawal.canceled) return "Failure";
    const auto age = now - withdrawal.time;
    if (age < settings_.withdrawal_step) return "Initial";
    if (age < 2 * settings_.withdrawal_step) return "Pending";
    if (withdrawal.fails) return "Failure";
    return age < 3 * settings_.withdrawal_step ? "Settled" : "Success";
}

bool Funding::cancel(Movement& withdrawal, Time now) {
    const auto current = status(withdrawal, now);
    if (withdrawal.canceled || (current != "Initial" && current != "Pending")) return false;
    withdrawal.canceled = true;
    refund(withdrawal, now);
    return true;
}

void Funding::refund(Movement& withdrawal, Time now) {
    withdrawal.refunded = true;
    const char* type = withdrawal.wallet_transfer ? "transfer" : "withdrawal";
    books_.post(
        {withdrawal.account,
         withdrawal.asset,
         withdrawal.amount + withdrawal.fee,
         {},
         type,
         "",
         withdrawal.refid},
        now
    );
}

void Funding::advance(Time now) {
    for (auto& withdrawal : withdrawals)
        if (withdrawal.fails && !withdrawal.refunded && status(withdrawal, now) == "Failure")
            refund(withdrawal, now);
}

Movement* Funding::find_withdrawal(const std::string& account, const std::string& refid) {
    for (auto& withdrawal : withdrawals)
        if (withdrawal.account == account && withdrawal.refid == refid) return &withdrawal;
    return nullptr;
}

}  // namespace exchange
