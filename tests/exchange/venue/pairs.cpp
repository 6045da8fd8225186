#include "tests/exchange/venue/pairs.hpp"

#include <algorithm>

#include "tests/exchange/venue/refusal.hpp"

namespace exchange {
namespace {

Amount amount(std::string_view text) {
    return Amount::of(text);
}

const std::vector<FeeTier>& usual_fees() {
    static const std::vector<FeeTier> tiers = {
        {amount("0"), amount("0.4"), amount("0.25")},
        {amount("10000"), amount("0.35"), amount("0.2")},
        {amount("50000"), amount("0.24"), amount("0.14")},
        {amount("100000"), amount("0.22"), amount("0.12")},
        {amount("250000"), amount("0.2"), amount("0.1")},
        {amount("1000000"), amount("0.16"), amount("0.06")},
        {amount("10000000"), amount("0.1"), amount("0")},
    };
    return tiers;
}

const std::vector<FeeTier>& stable_fees() {
    static const std::vector<FeeTier> tiers = {
        {amount("0"), amount("0.2"), amount("0.2")},
        {amount("50000"), amount("0.16"), amount("0.16")},
        {amount("100000"), amount("0.12"), amount("0.12")},
        {amount("1000000"), amount("0.04"), amount("0.04")},
    };
    return tiers;
}

Pair pair(
    std::string id,
    std::string altname,
    std::string wsname,
    std::string_view base,
    std::string_view quote,
    int price_decimals,
    std::string_view order_minimum,
    std::string_view cost_minimum,
    std::string_view start_price,
    int most_leverage,
    bool stable = false
) {
    Amount tick = Amount::of_units(1);
    for (int i = 0; i < price_decimals; ++i)
        tick = tick.over(Amount::of_units(10));
    return {
        std::move(id),
        std::move(altname),
        std::move(wsname),
        find_asset(base),
        find_asset(quote),
        price_decimals,
        8,
        quote == "XXBT" ? 10 : 5,
        tick,
        amount(order_minimum),
        amount(cost_minimum),
        amount(start_price),
        most_leverage,
        stable,
        stable ? stable_fees() : usual_fees(),
    };
}

// What people write instead of Kraken's own names.
std::string kraken_name(std::string_view name) {
    std::string own(name);
    for (const auto& [common, legacy] : {std::pair{"BTC", "XBT"}, std::pair{"DOGE", "XDG"}})
        if (const auto at = own.find(common); at != std::string::npos)
            own.replace(at, std::string_view(common).size(), legacy);
    return own;
}

}  // namespace

const std::vector<Asset>& assets() {
    static const std::vector<Asset> all = {
        {"ZUSD", "USD", 4, 2, "", amount("1")},
        {"ZEUR", "EUR", 4, 2, "", amount("1.08")},
        {"ZGBP", "GBP", 4, 2, "", amount("1.27")},
        {"XXBT", "XBT", 10, 5, "XXBTZUSD", {}},
        {"XETH", "ETH", 10, 5, "XETHZUSD", {}},
        {"XLTC", "LTC", 10, 5, "XLTCZUSD", {}},
        {"XXRP", "XRP", 8, 5, "XXRPZUSD", {}},
        {"XXDG", "XDG", 8, 2, "XDGUSD", {}},
        {"SOL", "SOL", 10, 5, "SOLUSD", {}},
        {"DOT", "DOT", 10, 8, "DOTUSD", {}},
        {"USDT", "USDT", 8, 4, "USDTZUSD", {}},
        {"USDC", "USDC", 8, 4, "USDCUSD", {}},
    };
    return all;
}

const std::vector<Pair>& pairs() {
    static const std::vector<Pair> all = {
        pair("XXBTZUSD", "XBTUSD", "XBT/USD", "XXBT", "ZUSD", 1, "0.0001", "0.5", "30000", 5),
        pair("XXBTZEUR", "XBTEUR", "XBT/EUR", "XXBT", "ZEUR", 1, "0.0001", "0.45", "27800", 5),
        pair("XXBTZGBP", "XBTGBP", "XBT/GBP", "XXBT", "ZGBP", 1, "0.0001", "0.4", "23600", 2),
        pair("XETHZUSD", "ETHUSD", "ETH/USD", "XETH", "ZUSD", 2, "0.002", "0.5", "1900", 5),
        pair("XETHZEUR", "ETHEUR", "ETH/EUR", "XETH", "ZEUR", 2, "0.002", "0.45", "1760", 5),
        pair("XETHXXBT", "ETHXBT", "ETH/XBT", "XETH", "XXBT", 5, "0.002", "0.00002", "0.06333", 5),
        pair("XLTCZUSD", "LTCUSD", "LTC/USD", "XLTC", "ZUSD", 2, "0.05", "0.5", "90", 3),
        pair("XXRPZUSD", "XRPUSD", "XRP/USD", "XXRP", "ZUSD", 5, "3", "0.5", "0.52", 3),
        pair("XDGUSD", "XDGUSD", "XDG/USD", "XXDG", "ZUSD", 7, "20", "0.5", "0.07", 1),
        pair("SOLUSD", "SOLUSD", "SOL/USD", "SOL", "ZUSD", 2, "0.02", "0.5", "140", 3),
        pair("DOTUSD", "DOTUSD", "DOT/USD", "DOT", "ZUSD", 4, "0.8", "0.5", "6.4", 3),
        pair("USDTZUSD", "USDTUSD", "USDT/USD", "USDT", "ZUSD", 5, "4", "0.5", "1", 1, true),
        pair("USDCUSD", "USDCUSD", "USDC/USD", "USDC", "ZUSD", 4, "4", "0.5", "1", 1, true),
    };
    return all;
}

const Asset* find_asset(std::string_view name) {
    const std::string own = kraken_name(name);
    const auto found = std::ranges::find_if(assets(), [&](const Asset& asset) {
        return asset.id == own || asset.altname == own;
    });
    return found == assets().end() ? nullptr : &*found;
}

const Pair* find_pair(std::string_view name) {
    const std::string own = kraken_name(name);
    const auto found = std::ranges::find_if(pairs(), [&](const Pair& pair) {
        return pair.id == own || pair.altname == own || pair.wsname == own;
    });
    return found == pairs().end() ? nullptr : &*found;
}

const Pair& known_pair(std::string_view name) {
    const Pair* found = find_pair(name);
    if (!found) refuse("EQuery:Unknown asset pair");
    return *found;
}

const Asset& known_asset(std::string_view name) {
    const Asset* found = find_asset(name);
    if (!found) refuse("EQuery:Unknown asset");
    return *found;
}

int decimals_of(std::string_view asset_id) {
    const Asset* found = find_asset(asset_id.substr(0, asset_id.find('.')));
    return found ? found->decimals : 8;
}

const FeeTier& fee_tier(const Pair& pair, Amount volume) {
    const FeeTier* reached = &pair.fees.front();
    for (const auto& tier : pair.fees)
        if (tier.volume <= volume) reached = &tier;
    return *reached;
}

}  // namespace exchange
