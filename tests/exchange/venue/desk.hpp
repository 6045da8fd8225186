#pragma once

// Everything one venue owns, and the shape of a handler that answers one endpoint with it.

#include <deque>
#include <map>
#include <string>

#include "tests/exchange/venue/arguments.hpp"
#include "tests/exchange/venue/books.hpp"
#include "tests/exchange/venue/dice.hpp"
#include "tests/exchange/venue/earn.hpp"
#include "tests/exchange/venue/engine.hpp"
#include "tests/exchange/venue/export_record.hpp"
#include "tests/exchange/venue/funding.hpp"
#include "tests/exchange/venue/market.hpp"
#include "tests/exchange/venue/refusal.hpp"
#include "tests/exchange/venue/settings.hpp"

namespace exchange {

struct Desk {
    explicit Desk(Settings chosen) : settings(std::move(chosen)), ids(settings.seed), market(settings) {}
    // Its parts refer to each other.
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    void open_account(const std::string& name, Tier tier, const std::map<std::string, Amount>& balances) {
        tiers[name] = tier;
        ibans[name] = ids.iban();
        books.open_account(name, balances);
    }

    Settings settings;
    std::map<std::string, Tier> tiers;         // by account
    std::map<std::string, std::string> ibans;  // by account
    Ids ids;
    Market market;
    Books books{ids};
    Engine engine{settings, market, books, ids};
    Funding funding{settings, books, ids};
    Earn earn{settings, books, ids};
    std::deque<ExportRecord> exports;
};

// One call as a handler sees it. A handler reads all its arguments, calls done(), and only then changes
// anything.
struct Request {
    Arguments& args;
    const Caller* caller;  // never null in a private handler
    Tier tier;             // of the account
    Time now;
    std::string content_type = "application/json";  // of the answer

    const std::string& account() const { return caller->account; }
    bool permits(std::string_view permission) const;
};

// The result as JSON text; throws Refusal.
using Handler = std::string (*)(Desk& desk, Request& request);

}  // namespace exchange
