#pragma once

// Who owns what: balances, holds and ledger lines by double entry. Each line of a client has its mirror in
// the venue's own account, so the sum over all accounts is zero for every asset at any time.

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/exchange/call.hpp"
#include "tests/exchange/venue/dice.hpp"
#include "tests/exchange/venue/money.hpp"

namespace exchange {

struct LedgerLine {
    std::string id;
    std::string account;
    std::string refid;
    Time time;
    std::string type;
    std::string subtype;
    std::string asset;
    Amount amount;
    Amount fee;
    Amount balance;  // afterwards
};

// What happened to one asset of one account; the balance changes by amount - fee.
struct Posting {
    std::string account;
    std::string asset;
    Amount amount;
    Amount fee;
    std::string type;
    std::string subtype;
    std::string refid;
};

class Books {
public:
    explicit Books(Ids& ids) : ids_(ids) {}

    void open_account(const std::string& account, const std::map<std::string, Amount>& balances);
    bool has_account(const std::string& account) const { return accounts_.contains(account); }

    // The line's id. The caller has seen to it that the money is there.
    std::string post(const Posting& posting, Time time);

    Amount balance(const std::string& account, const std::string& asset) const;
    Amount held(const std::string& account, const std::string& asset) const;
    Amount free(const std::string& account, const std::string& asset) const;
    void hold(const std::string& account, const std::string& asset, Amount amount);
    void release(const std::string& account, const std::string& asset, Amount amount);

    // Assets ever owned, by id.
    std::map<std::string, Amount> balances(const std::string& account) const;
    // Oldest first.
    const std::deque<LedgerLine>& lines() const { return lines_; }
    const LedgerLine* line(const std::string& id) const;

    // What does not add up, one sentence each; empty when the books balance.
    std::vector<std::string> audit() const;

private:
    struct Purse {
        Amount initial;
        Amount balance;
        Amount held;
    };
    using Purses = std::map<std::string, Purse>;

    const Purse* purse(const std::string& account, const std::string& asset) const;

    Ids& ids_;
    std::map<std::string, Purses> accounts_;
    std::map<std::string, Amount> house_;  // the venue's own side
    std::deque<LedgerLine> lines_;
    std::map<std::string, std::size_t> line_places_;
};

}  // namespace exchange
