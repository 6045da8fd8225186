#pragma once

// Money in and out: deposits, withdrawals, transfers between wallets and accounts.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/exchange/venue/books.hpp"
#include "tests/exchange/venue/pairs.hpp"
#include "tests/exchange/venue/settings.hpp"

namespace exchange {

struct FundingMethod {
    std::string asset;
    std::string name;
    std::string network;
    Amount fee;      // of a withdrawal
    Amount minimum;  // of a withdrawal
    Amount deposit_minimum;
    bool has_addresses;
};
const std::vector<FundingMethod>& funding_methods();
// The first method of an asset; refuses with EFunding:No funding method.
const FundingMethod& method_of(const std::string& asset);

struct WithdrawAddress {
    std::string account;
    std::string key;
    std::string asset;
    std::string address;
};

struct DepositAddress {
    std::string account;
    std::string method;
    std::string address;
    bool used = false;
};

// A deposit or a withdrawal.
struct Movement {
    std::string account;
    std::string asset;
    std::string method;
    std::string network;
    std::string key;
    std::string refid;
    std::string txid;
    std::string info;  // address
    Amount amount;
    Amount fee;
    Time time;
    bool fails = false;
    bool canceled = false;
    bool refunded = false;
    bool wallet_transfer = false;
};

class Funding {
public:
    Funding(const Settings& settings, Books& books, Ids& ids)
        : settings_(settings), books_(books), ids_(ids) {}

    // Gives failed withdrawals back.
    void advance(Time now);

    void deposit(const std::string& account, const Asset& asset, Amount amount, Time now);
    // An address that nobody has; EFunding:Too many addresses when enough wait unused.
    const DepositAddress& new_address(const std::string& account, const FundingMethod& method);
    // The money leaves at once; what becomes of it shows over time.
    const Movement& withdraw(const WithdrawAddress& to, const FundingMethod& method, Amount amount, Time now);
    const Movement& to_futures_wallet(
        const std::string& account, const Asset& asset, Amount amount, Time now
    );
    // False when it is too late.
    bool cancel(Movement& withdrawal, Time now);
    std::string status(const Movement& withdrawal, Time now) const;

    Movement* find_withdrawal(const std::string& account, const std::string& refid);
    const WithdrawAddress& address_for(const std::string& account, const Asset& asset, const std::string& key)
        const;

    std::vector<WithdrawAddress> withdraw_addresses;
    std::deque<DepositAddress> deposit_addresses;
    std::deque<Movement> deposits;
    std::deque<Movement> withdrawals;

private:
    void refund(Movement& withdrawal, Time now);

    const Settings& settings_;
    Books& books_;
    Ids& ids_;
};

}  // namespace exchange
