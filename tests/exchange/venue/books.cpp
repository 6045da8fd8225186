#include "tests/exchange/venue/books.hpp"

#include "tests/exchange/venue/pairs.hpp"

namespace exchange {

void Books::open_account(const std::string& account, const std::map<std::string, Amount>& balances) {
    Purses& purses = accounts_[account];
    for (const auto& [asset, amount] : balances) {
        Purse& purse = purses[asset];
        purse.initial += amount;
        purse.balance += amount;
        house_[asset] -= amount;
    }
}

std::string Books::post(const Posting& posting, Time time) {
    Purse& purse = accounts_.at(posting.account)[posting.asset];
    const Amount effect = posting.amount - posting.fee;
    purse.balance += effect;
    house_[posting.asset] -= effect;
    lines_.push_back({
        ids_.ledger(),
        posting.account,
        posting.refid,
        time,
        posting.type,
        posting.subtype,
        posting.asset,
        posting.amount,
        posting.fee,
        purse.balance,
    });
    line_places_[lines_.back().id] = lines_.size() - 1;
    return lines_.back().id;
}

const Books::Purse* Books::purse(const std::string& account, const std::string& asset) const {
    const auto purses = accounts_.find(account);
    if (purses == accounts_.end()) return nullptr;
    const auto found = purses->second.find(asset);
    return found == purses->second.end() ? nullptr : &found->second;
}

Amount Books::balance(const std::string& account, const std::string& asset) const {
    const Purse* found = purse(account, asset);
    return found ? found->balance : Amount();
}

Amount Books::held(const std::string& account, const std::string& asset) const {
    const Purse* found = purse(account, asset);
    return found ? found->held : Amount();
}

Amount Books::free(const std::string& account, const std::string& asset) const {
    return balance(account, asset) - held(account, asset);
}

void Books::hold(const std::string& account, const std::string& asset, Amount amount) {
    accounts_.at(account)[asset].held += amount;
}

void Books::release(const std::string& account, const std::string& asset, Amount amount) {
    accounts_.at(account)[asset].held -= amount;
}

std::map<std::string, Amount> Books::balances(const std::string& account) const {
    std::map<std::string, Amount> all;
    if (const auto purses = accounts_.find(account); purses != accounts_.end())
        for (const auto& [asset, purse] : purses->second)
            all[asset] = purse.balance;
    return all;
}

const LedgerLine* Books::line(const std::string& id) const {
    const auto place = line_places_.find(id);
    return place == line_places_.end() ? nullptr : &lines_[place->second];
}

std::vector<std::string> Books::audit() const {
    std::vector<std::string> faults;
    std::map<std::pair<std::string, std::string>, Amount> expected;
    std::map<std::string, Amount> mirror = house_;
    for (const auto& line : lines_) {
        Amount& sum = expected[{line.account, line.asset}];
        sum += line.amount - line.fee;
        if (accounts_.at(line.account).at(line.asset).initial + sum != line.balance)
            faults.push_back(
                "ledger line " + line.id + " shows a balance that does not follow from the lines before"
            );
        if (line.fee.is_negative()) faults.push_back("ledger line " + line.id + " has a negative fee");
    }
    for (const auto& [account, purses] : accounts_) {
        for (const auto& [asset, purse] : purses) {
            const std::string name = account + "/" + asset;
            mirror[asset] += purse.balance;
            const Amount sum = expected[std::pair{account, asset}];
            if (purse.initial + sum != purse.balance)
                faults.push_back(name + ": balance differs from its ledger");
            if (purse.balance.is_negative()) faults.push_back(name + ": balance below zero");
            if (purse.held.is_negative()) faults.push_back(name + ": hold below zero");
            if (purse.held > purse.balance) faults.push_back(name + ": more held than owned");
            if (!purse.balance.has_at_most(decimals_of(asset)))
                faults.push_back(name + ": more decimals than the asset has");
        }
    }
    for (const auto& [asset, rest] : mirror)
        if (!rest.is_zero()) faults.push_back(asset + ": accounts and venue do not sum to zero");
    return faults;
}

}  // namespace exchange
