#include "tests/exchange/venue/market.hpp"

#include <algorithm>

#include "tests/exchange/venue/dice.hpp"

namespace exchange {
namespace {

// Waves of chance laid over each other: long ones move the price far, short ones make it tremble. Parts per
// billion.
struct Wave {
    std::int64_t seconds;
    std::int64_t swing;
};
constexpr Wave waves[] = {
    {604'800, 80'000'000},
    {86'400, 30'000'000},
    {3'600, 8'000'000},
    {300, 2'000'000},
    {30, 500'000},
    {5, 100'000},
};
constexpr std::int64_t billion = 1'000'000'000;

// Between -swing and +swing at every multiple of the wave's length, straight in between.
std::int64_t height(const Wave& wave, std::uint64_t seed, std::int64_t nanoseconds) {
    const std::int64_t length = wave.seconds * billion;
    const std::int64_t index = nanoseconds / length;
    const auto knot = [&](std::int64_t at) {
        const auto roll = mixed({seed, std::uint64_t(wave.seconds), std::uint64_t(at)});
        return std::int64_t(roll % std::uint64_t(2 * wave.swing + 1)) - wave.swing;
    };
    const std::int64_t part = (nanoseconds % length) / (length / 1000);  // thousandths
    return (knot(index) * (1000 - part) + knot(index + 1) * part) / 1000;
}

}  // namespace

Amount Market::last(const Pair& pair, Time time) const {
    if (const auto pinned = settings_.pinned_prices.find(pair.id); pinned != settings_.pinned_prices.end())
        return Amount::of(pinned->second).down_to(pair.tick);
    const auto step =
        std::max<std::int64_t>(1'000'000, std::chrono::nanoseconds(settings_.price_step).count());
    const auto since = std::max<std::int64_t>(0, time.time_since_epoch().count());
    std::int64_t offset = 0;
    for (const Wave& wave : waves)
        offset += height(wave, mixed({seed_, mixed(pair.id)}), since / step * step);
    // A stable pair stays within a hundredth of what the others do.
    if (pair.stable) offset /= 100;
    const Amount factor = Amount::of_units(billion + offset).over(Amount::of_units(billion));
    return pair.start_price.times(factor).down_to(pair.tick);
}

Level Market::level(const Pair& pair, Side taker, int index, Time time) const {
    const Amount best = taker == Side::buy ? ask(pair, time) : bid(pair, time);
    const Amount apart = std::max(pair.tick, best.over(Amount::of_units(20'000)).down_to(pair.tick));
    const Amount away = apart.times(Amount::of_units(index));
    const Amount price = std::max(pair.tick, taker == Side::buy ? best + away : best - away);
    const auto second = std::uint64_t(time.time_since_epoch() / std::chrono::seconds(1));
    return {price, shown_volume(pair, mixed({second, std::uint64_t(index), taker == Side::buy ? 1U : 2U}))};
}

Amount Market::shown_volume(const Pair& pair, std::uint64_t salt) const {
    const auto roll = mixed({seed_, mixed(pair.id), salt}) % 50'000 + 100;
    return pair.order_minimum.times(Amount::of_units(std::int64_t(roll)))
        .over(Amount::of("10.7"))
        .cut(pair.volume_decimals);
}

Amount Market::usd_value(const std::string& asset_id, Amount amount, Time time) const {
    const Asset* asset = find_asset(asset_id.substr(0, asset_id.find('.')));
    if (!asset) return {};
    const Pair* pair = asset->usd_pair.empty() ? nullptr : find_pair(asset->usd_pair);
    return amount.times(pair ? last(*pair, time) : asset->usd_price);
}

Amount Market::rate(const std::string& base_id, const std::string& quote_id, Time time) const {
    return usd_value(base_id, Amount::of_units(1), time).over(usd_value(quote_id, Amount::of_units(1), time));
}

}  // namespace exchange
