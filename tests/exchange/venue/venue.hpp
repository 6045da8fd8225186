#pragma once

// The venue of the simulated exchange: accounts, money, orders, public data. It reads no clock and opens no
// socket; the time comes with each call. Not thread-safe: one call at a time.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/exchange/call.hpp"
#include "tests/exchange/venue/settings.hpp"

namespace exchange {

struct Desk;

// An order as a judge wants to know it, whatever the calls of Kraken show of it.
struct KnownOrder {
    std::string txid;
    std::string status;
    std::string side;
    std::string kind;
    std::string volume;
    std::string filled;
    std::string cl_ord_id;
    std::int64_t userref = 0;
    std::size_t amended = 0;  // how often
};

class Venue {
public:
    explicit Venue(Settings settings);
    ~Venue();
    Venue(const Venue&) = delete;
    Venue& operator=(const Venue&) = delete;

    // Balances by asset name ("XXBT", "XBT", "ZUSD", "USD"), plain decimals. Throws std::invalid_argument
    // when an account exists already, an asset is unknown or an amount is no amount.
    void add_account(std::string name, Tier tier, std::map<std::string, std::string> balances);
    // An address of the account's withdrawal book, known to Withdraw by `key`. Throws as above.
    void add_withdraw_address(
        const std::string& account, const std::string& key, const std::string& asset, std::string address
    );
    // Money that arrives from outside; shown by DepositStatus. Throws as above.
    void deposit(const std::string& account, const std::string& asset, const std::string& amount, Time now);
    // The account's IIBAN, as AccountTransfer takes it.
    std::string iban(const std::string& account) const;

    // Never throws for what a client sent; refusals are in Answer::errors. First lets happen what time has
    // brought.
    Answer answer(const Call& call);
    // Lets time pass without a call.
    void advance(Time now);

    // Sentences about books that do not balance; empty when all is well.
    std::vector<std::string> audit() const;
    // Orders ever accepted for an account, whatever became of them.
    std::size_t orders_executed(const std::string& account) const;
    // The same, one by one, oldest first.
    std::vector<KnownOrder> orders(const std::string& account) const;
    // Thousandths of a point on the trading counter of account and pair (any name of it) at that time.
    std::int64_t trading_counter(const std::string& account, const std::string& pair, Time now) const;

    // May be changed at any time between calls, except the seed.
    Settings& settings();

private:
    std::unique_ptr<Desk> desk_;
};

}  // namespace exchange
