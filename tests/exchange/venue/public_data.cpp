// Time, status, assets, pairs and ticker.

#include "tests/exchange/venue/public_data.hpp"

#include <algorithm>

#include "tests/exchange/venue/json_text.hpp"

namespace exchange {
namespace {

constexpr std::size_t most_names = 100;
constexpr int long_places = 5;

std::string leverages(const Pair& pair) {
    JsonArray list;
    for (int times = 2; times <= pair.most_leverage; ++times)
        list.raw(std::to_string(times));
    return list.done();
}

// Without trailing zeros, as a JSON number: 0.4, 10000.
std::string bare(Amount amount) {
    std::string text = amount.show(4);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

std::string fee_rows(const Pair& pair, Amount FeeTier::* rate) {
    JsonArray rows;
    for (const auto& tier : pair.fees)
        rows.raw(JsonArray().raw(bare(tier.volume)).raw(bare(tier.*rate)).done());
    return rows.done();
}

void describe_leverage(JsonObject& json, const Pair& pair) {
    json.raw("leverage_buy", leverages(pair)).raw("leverage_sell", leverages(pair));
}

void describe_fees(JsonObject& json, const Pair& pair) {
    json.raw("fees", fee_rows(pair, &FeeTier::taker)).raw("fees_maker", fee_rows(pair, &FeeTier::maker));
    json.text("fee_volume_currency", "ZUSD");
}

void describe_margin(JsonObject& json) {
    json.number("margin_call", 80).number("margin_stop", 40);
}

std::string minimum_text(Amount amount) {
    std::string text = amount.show(10);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

std::string pair_info(const Settings& settings, const Pair& pair) {
    JsonObject json;
    json.text("altname", pair.altname).text("wsname", pair.wsname);
    json.text("aclass_base", "currency").text("base", pair.base->id);
    json.text("aclass_quote", "currency").text("quote", pair.quote->id).text("lot", "unit");
    json.number("cost_decimals", pair.cost_decimals).number("pair_decimals", pair.price_decimals);
    json.number("lot_decimals", pair.volume_decimals).number("lot_multiplier", 1);
    describe_leverage(json, pair);
    describe_fees(json, pair);
    describe_margin(json);
    json.text("ordermin", minimum_text(pair.order_minimum)).text("costmin", minimum_text(pair.cost_minimum));
    json.text("tick_size", minimum_text(pair.tick));
    const auto status = settings.pair_status.find(pair.id);
    json.text("status", status == settings.pair_status.end() ? "online" : status->second);
    json.number("long_position_limit", 250).number("short_position_limit", 200);
    return json.text("execution_venue", "international").done();
}

std::vector<const Pair*> named_pairs(Arguments& args) {
    std::vector<const Pair*> found;
    for (const auto& name : args.list("pair", most_names))
        found.push_back(&known_pair(name));
    if (found.empty())
        for (const auto& pair : pairs())
            found.push_back(&pair);
    return found;
}

struct Day {
    Amount low, high, sum;
    int samples = 0;
};

// The price is a function of time, so the day's figures are samples of it.
Day sampled(const Market& market, const Pair& pair, Time from, Time until) {
    constexpr int most_samples = 48;
    Day day;
    for (int i = 0; i <= most_samples; ++i) {
        const Amount price = market.last(pair, from + (until - from) / most_samples * i);
        day.low = i == 0 ? price : std::min(day.low, price);
        day.high = std::max(day.high, price);
        day.sum += price;
        ++day.samples;
    }
    return day;
}

std::string two(const std::string& a, const std::string& b) {
    return JsonArray().text(a).text(b).done();
}

std::string ticker_of(const Market& market, const Pair& pair, Time now) {
    const auto midnight = Time(std::chrono::floor<std::chrono::days>(now));
    const Day today = sampled(market, pair, midnight, now);
    const Day day = sampled(market, pair, now - std::chrono::days(1), now);
    const int places = std::max(long_places, pair.price_decimals);
    const auto show = [&](Amount amount) { return amount.show(places); };
    const auto touch = [&](Side taker) {
        const Level level = market.level(pair, taker, 0, now);
        const Amount whole = std::max(Amount::of_units(1), level.volume.cut(0));
        return JsonArray().text(show(level.price)).text(whole.show(0)).text(whole.show(3)).done();
    };
    const auto minute = std::uint64_t(unix_seconds(now) / 60);
    const Amount traded = market.shown_volume(pair, minute).times(Amount::of_units(40));
    const Amount earlier = market.shown_volume(pair, std::uint64_t(unix_seconds(midnight)));
    const auto average = [&](const Day& part) { return show(part.sum.over(Amount::of_units(part.samples))); };
    const auto count = (now - midnight) / std::chrono::seconds(1);
    return JsonObject()
        .raw("a", touch(Side::buy))
        .raw("b", touch(Side::sell))
        .raw("c", two(show(market.last(pair, now)), market.shown_volume(pair, minute + 1).show(8)))
        .raw("v", two(traded.show(8), (traded + earlier).show(8)))
        .raw("p", two(average(today), average(day)))
        .raw("t", JsonArray().raw(std::to_string(count)).raw("86400").done())
        .raw("l", two(show(today.low), show(day.low)))
        .raw("h", two(show(today.high), show(day.high)))
        .text("o", show(market.last(pair, midnight)))
        .done();
}

}  // namespace

std::string server_time(Desk& desk, Request& request) {
    request.args.done(desk.settings.refuse_unknown_parameters);
    return JsonObject()
        .number("unixtime", unix_seconds(request.now))
        .text("rfc1123", rfc1123_text(request.now))
        .done();
}

std::string system_status(Desk& desk, Request& request) {
    request.args.done(desk.settings.refuse_unknown_parameters);
    return JsonObject()
        .text("status", desk.settings.system_status)
        .text("timestamp", rfc3339_text(request.now))
        .done();
}

std::string asset_info(Desk& desk, Request& request) {
    const auto names = request.args.list("asset", most_names);
    const auto aclass = request.args.one_of("aclass", {"currency", "tokenized_asset"});
    request.args.whole("assetVersion", 0, 1);
    request.args.done(desk.settings.refuse_unknown_parameters);
    std::vector<const Asset*> wanted;
    for (const auto& name : names)
        wanted.push_back(&known_asset(name));
    JsonObject result;
    for (const auto& asset : assets()) {
        if (aclass == "tokenized_asset") break;
        if (!wanted.empty() && std::ranges::find(wanted, &asset) == wanted.end()) continue;
        JsonObject json;
        json.text("aclass", "currency").text("altname", asset.altname).number("decimals", asset.decimals);
        json.number("display_decimals", asset.display_decimals).number("collateral_value", 1);
        result.raw(asset.id, json.text("status", "enabled").done());
    }
    return result.done();
}

std::string asset_pairs(Desk& desk, Request& request) {
    const auto wanted = named_pairs(request.args);
    request.args.one_of("aclass_base", {"currency", "tokenized_asset"});
    const auto info = request.args.one_of("info", {"info", "leverage", "fees", "margin"}).value_or("info");
    if (const auto country = request.args.text("country_code"); country && country->size() != 2)
        refuse_argument("country_code");
    request.args.one_of("execution_venue", {"international", "bitnomial_exchange"});
    request.args.whole("assetVersion", 0, 1);
    request.args.done(desk.settings.refuse_unknown_parameters);
    JsonObject result;
    for (const Pair* pair : wanted) {
        JsonObject part;
        if (info == "leverage") describe_leverage(part, *pair);
        if (info == "fees") describe_fees(part, *pair);
        if (info == "margin") describe_margin(part);
        result.raw(pair->id, info == "info" ? pair_info(desk.settings, *pair) : part.done());
    }
    return result.done();
}

std::string ticker(Desk& desk, Request& request) {
    const auto wanted = named_pairs(request.args);
    request.args.one_of("asset_class", {"forex", "tokenized_asset"});
    request.args.done(desk.settings.refuse_unknown_parameters);
    JsonObject result;
    for (const Pair* pair : wanted)
        result.raw(pair->id, ticker_of(desk.market, *pair, request.now));
    return result.done();
}

}  // namespace exchange
