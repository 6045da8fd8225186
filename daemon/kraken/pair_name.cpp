#include "kraken/pair_name.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace krakken::kraken {

namespace {

// Assets whose old ids have a letter in front of the name. Kraken adds none any more, so the list is whole;
// by the letters alone a new asset would be cut ("ZEUS").
constexpr auto old_ids =
    std::to_array<std::string_view>({"XETC", "XETH", "XICN", "XLTC", "XMLN", "XNMC", "XREP",
                                     "XXBT", "XXDG", "XXLM", "XXMR", "XXRP", "XXVN", "XZEC",
                                     "ZAUD", "ZCAD", "ZEUR", "ZGBP", "ZJPY", "ZKRW", "ZUSD"});

bool is_old_id(std::string_view asset) {
    return std::ranges::find(old_ids, asset) != old_ids.end();
}

std::string upper_without_slash(std::string_view name) {
    std::string text;
    for (const char c : name)
        if (c != '/') text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

// "XXBTZUSD" is "XBTUSD"; and one pair has an old id behind a new one, "USDTZUSD".
std::string without_old_ids(std::string name) {
    constexpr std::size_t length = 4;
    if (name.size() != 2 * length) return name;
    const std::string base = name.substr(0, length);
    const std::string quote = name.substr(length);
    if (!is_old_id(quote) || !(is_old_id(base) || base == "USDT")) return name;
    return (is_old_id(base) ? base.substr(1) : base) + quote.substr(1);
}

constexpr auto everyday_names = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"BTC", "XBT"},
    {"DOGE", "XDG"},
});

void rename_asset(std::string& pair, std::string_view everyday, std::string_view krakens) {
    if (pair.starts_with(everyday)) pair.replace(0, everyday.size(), krakens);
    if (pair.ends_with(everyday)) pair.replace(pair.size() - everyday.size(), everyday.size(), krakens);
}

}  // namespace

std::string canonical_pair(std::string_view name) {
    std::string pair = without_old_ids(upper_without_slash(name));
    for (const auto& [everyday, krakens] : everyday_names)
        rename_asset(pair, everyday, krakens);
    return pair;
}

std::string canonical_asset(std::string_view name) {
    std::string asset = upper_without_slash(name);
    for (const auto& [everyday, krakens] : everyday_names)
        if (asset == everyday) return std::string(krakens);
    return asset;
}

}  // namespace krakken::kraken
