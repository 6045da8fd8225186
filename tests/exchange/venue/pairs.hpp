#pragma once

// The assets and asset pairs that are traded here, with Kraken's names, decimals, minimums and fee schedules.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/exchange/venue/money.hpp"

namespace exchange {

struct Asset {
    std::string id;       // "XXBT"
    std::string altname;  // "XBT"
    int decimals;         // of balances and ledger lines
    int display_decimals;
    std::string usd_pair;  // pair that values it in dollars; empty for ZUSD itself
    Amount usd_price;      // used where usd_pair is empty
};

struct FeeTier {
    Amount volume;  // 30 days, in dollars, from which it holds
    Amount taker;   // percent
    Amount maker;   // percent
};

struct Pair {
    std::string id;       // "XXBTZUSD"
    std::string altname;  // "XBTUSD"
    std::string wsname;   // "XBT/USD"
    const Asset* base;
    const Asset* quote;
    int price_decimals;
    int volume_decimals;
    int cost_decimals;
    Amount tick;
    Amount order_minimum;
    Amount cost_minimum;
    Amount start_price;  // around which the price moves
    int most_leverage;   // 1: none
    bool stable;         // both sides worth about the same
    std::vector<FeeTier> fees;
};

const std::vector<Asset>& assets();
const std::vector<Pair>& pairs();

// By id, altname or common name ("XXBT", "XBT", "BTC"); null when unknown.
const Asset* find_asset(std::string_view name);
// By id, altname or slash form, also with BTC for XBT and DOGE for XDG.
const Pair* find_pair(std::string_view name);

// As above, refusing with EQuery:Unknown asset pair, EQuery:Unknown asset.
const Pair& known_pair(std::string_view name);
const Asset& known_asset(std::string_view name);

// Places of an asset's amounts, also for the earn form of it ("DOT.B").
int decimals_of(std::string_view asset_id);
const FeeTier& fee_tier(const Pair& pair, Amount volume);

}  // namespace exchange
