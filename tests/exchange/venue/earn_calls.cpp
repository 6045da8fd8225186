#include "tests/exchange/venue/earn_calls.hpp"

#include <algorithm>

#include "tests/exchange/venue/json_text.hpp"

namespace exchange {
namespace {

std::string lock_json(const Strategy& strategy) {
    JsonObject lock;
    lock.text("type", strategy.lock);
    if (strategy.lock != "bonded") return lock.done();
    constexpr std::int64_t day = 86'400;
    lock.number("payout_frequency", 7 * day)
        .number("bonding_period", 0)
        .flag("bonding_period_variable", false);
    lock.flag("bonding_rewards", false).number("unbonding_period", strategy.unbonding_days * day);
    lock.flag("unbonding_period_variable", false).flag("unbonding_rewards", false);
    return lock.number("exit_queue_period", 0).done();
}

std::string strategy_json(const Strategy& strategy) {
    const int places = decimals_of(strategy.asset);
    JsonObject json;
    json.text("id", strategy.id).text("asset", strategy.asset).raw("lock_type", lock_json(strategy));
    JsonObject apr;
    json.raw("apr_estimate", apr.text("low", strategy.apr_low).text("high", strategy.apr_high).done());
    json.text("user_min_allocation", strategy.minimum.show(places))
        .text("user_cap", strategy.cap.show(places));
    json.text("allocation_fee", "0.0000").text("deallocation_fee", "0.0000");
    json.raw("auto_compound", JsonObject().text("type", "enabled").done());
    json.raw("yield_source", JsonObject().text("type", "staking").done());
    json.flag("can_allocate", true).flag("can_deallocate", true);
    return json.raw("allocation_restriction_info", "[]").done();
}

struct Wish {
    const Strategy* strategy;
    Amount amount;
};

Wish read_wish(Desk& desk, Request& request) {
    const Amount amount = request.args.needed_amount("amount");
    const auto id = request.args.needed("strategy_id");
    request.args.done(desk.settings.refuse_unknown_parameters);
    const Strategy& strategy = known_strategy(id);
    if (!amount.has_at_most(decimals_of(strategy.asset))) refuse_argument("amount");
    return {&strategy, amount};
}

std::string started(Desk& desk, Request& request, bool allocate) {
    const Wish wish = read_wish(desk, request);
    desk.earn.start(request.account(), *wish.strategy, wish.amount, allocate, request.now);
    return "true";
}

std::string pending(Desk& desk, Request& request, bool allocate) {
    const auto id = request.args.needed("strategy_id");
    request.args.done(desk.settings.refuse_unknown_parameters);
    return JsonObject()
        .flag("pending", desk.earn.pending(request.account(), known_strategy(id), allocate))
        .done();
}

}  // namespace

std::string earn_strategies(Desk& desk, Request& request) {
    const bool ascending = request.args.flag("ascending").value_or(false);
    const auto asset_name = request.args.text("asset");
    const auto cursor = request.args.whole("cursor", 0, 1'000'000).value_or(0);
    const auto limit = request.args.whole("limit", 0, 65'535).value_or(500);
    const auto locks = request.args.list("lock_type", 4);
    for (const auto& lock : locks)
        if (lock != "flex" && lock != "bonded" && lock != "timed" && lock != "instant")
            refuse_argument("lock_type");
    request.args.done(desk.settings.refuse_unknown_parameters);
    const Asset* asset = asset_name ? &known_asset(*asset_name) : nullptr;
    std::vector<const Strategy*> found;
    for (const auto& strategy : strategies())
        if ((!asset || asset->id == strategy.asset) &&
            (locks.empty() || std::ranges::find(locks, strategy.lock) != locks.end()))
            found.push_back(&strategy);
    if (ascending) std::ranges::reverse(found);
    JsonArray items;
    const auto end = std::min<std::int64_t>(std::ssize(found), cursor + limit);
    for (auto i = cursor; i < end; ++i)
        items.raw(strategy_json(*found[std::size_t(i)]));
    JsonObject result;
    end < std::ssize(found) ? result.text("next_cursor", std::to_string(end)) : result.null("next_cursor");
    return result.raw("items", items.done()).done();
}

std::string earn_allocations(Desk& desk, Request& request) {
    request.args.flag("ascending");
    const Asset& asset = known_asset(request.args.text("converted_asset").value_or("USD"));
    const bool hide_zero = request.args.flag("hide_zero_allocations").value_or(false);
    request.args.done(desk.settings.refuse_unknown_parameters);
    Amount total;
    JsonArray items;
    for (const auto& strategy : strategies()) {
        const Amount native = desk.earn.allocated(request.account(), strategy);
        if (hide_zero && native.is_zero()) continue;
        const Amount converted = native.times(desk.market.rate(strategy.asset, asset.id, request.now));
        total += converted;
        const auto sums = [&](Amount own, Amount other) {
            JsonObject json;
            json.text("native", own.show(decimals_of(strategy.asset)));
            return json.text("converted", other.show(asset.decimals)).done();
        };
        JsonObject item;
        item.text("strategy_id", strategy.id).text("native_asset", strategy.asset);
        item.raw("amount_allocated", JsonObject().raw("total", sums(native, converted)).done());
        items.raw(item.raw("total_rewarded", sums({}, {})).done());
    }
    JsonObject result;
    result.text("converted_asset", asset.altname).text("total_allocated", total.show(asset.decimals));
    result.text("total_rewarded", Amount().show(asset.decimals)).null("next_cursor");
    return result.raw("items", items.done()).done();
}

std::string earn_allocate(Desk& desk, Request& request) {
    return started(desk, request, true);
}

std::string earn_deallocate(Desk& desk, Request& request) {
    return started(desk, request, false);
}

std::string earn_allocate_status(Desk& desk, Request& request) {
    return pending(desk, request, true);
}

std::string earn_deallocate_status(Desk& desk, Request& request) {
    return pending(desk, request, false);
}

}  // namespace exchange
