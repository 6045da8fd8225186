#include "tests/exchange/venue/account_data.hpp"

#include <algorithm>

#include "tests/exchange/venue/json_text.hpp"
#include "tests/exchange/venue/pages.hpp"

namespace exchange {
namespace {

constexpr std::size_t page_length = 50;

std::string ledger_json(const LedgerLine& line) {
    const int places = decimals_of(line.asset);
    return JsonObject()
        .text("refid", line.refid)
        .raw("time", seconds_text(line.time))
        .text("type", line.type)
        .text("subtype", line.subtype)
        .text("aclass", "currency")
        .text("asset", line.asset)
        .text("amount", line.amount.show(places))
        .text("fee", line.fee.show(places))
        .text("balance", line.balance.show(places))
        .done();
}

// A comma list of names, or a list of {asset, aclass}.
std::vector<const Pair*> read_pairs(Arguments& args, bool refuse_unknown) {
    std::vector<const Pair*> pairs;
    if (!args.is_array_of_objects("pair")) {
        for (const auto& name : args.list("pair", page_length))
            pairs.push_back(&known_pair(name));
        return pairs;
    }
    for (const auto& item : *args.array("pair")) {
        Arguments row(item.members, "pair");
        const auto name = row.needed("asset");
        row.one_of("aclass", {"forex", "currency"});
        row.done(refuse_unknown);
        pairs.push_back(&known_pair(name));
    }
    return pairs;
}

}  // namespace

std::string balance(Desk& desk, Request& request) {
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    JsonObject result;
    for (const auto& [asset, amount] : desk.books.balances(request.account()))
        result.text(asset, amount.show(decimals_of(asset)));
    return result.done();
}

std::string balance_ex(Desk& desk, Request& request) {
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    JsonObject result;
    for (const auto& [asset, amount] : desk.books.balances(request.account())) {
        const int places = decimals_of(asset);
        JsonObject row;
        row.text("balance", amount.show(places));
        row.text("hold_trade", desk.books.held(request.account(), asset).show(places));
        result.raw(asset, row.done());
    }
    return result.done();
}

std::string credit_lines(Desk& desk, Request& request) {
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    if (!desk.settings.credit_lines) return "null";
    JsonObject details;
    Amount collateral;
    for (const auto& [asset, amount] : desk.books.balances(request.account())) {
        const int places = decimals_of(asset);
        const std::string none = Amount().show(places);
        JsonObject row;
        row.text("balance", amount.show(places)).text("credit_limit", none).text("credit_used", none);
        details.raw(asset, row.text("available_credit", none).done());
        collateral += desk.market.usd_value(asset, amount, request.now);
    }
    JsonObject monitor;
    monitor.text("total_credit_usd", "0.00").text("total_credit_used_usd", "0.00");
    monitor.text("total_collateral_value_usd", collateral.show(2)).text("equity_usd", collateral.show(2));
    monitor.text("ongoing_balance", "0.0000").text("debt_to_equity", "0.0000");
    return JsonObject().raw("asset_details", details.done()).raw("limits_monitor", monitor.done()).done();
}

std::string trade_balance(Desk& desk, Request& request) {
    const Asset& asset = known_asset(request.args.text("asset").value_or("ZUSD"));
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    const Amount unit = desk.market.usd_value(asset.id, Amount::of_units(1), request.now);
    Amount owned, margin, net, cost, value;
    for (const auto& [id, amount] : desk.books.balances(request.account()))
        owned += desk.market.usd_value(id, amount, request.now);
    for (const Position* position : desk.engine.positions().open_of(request.account())) {
        const std::string& quote = position->pair->quote->id;
        const auto dollars = [&](Amount amount) { return desk.market.usd_value(quote, amount, request.now); };
        const Amount worth =
            dollars(desk.market.last(*position->pair, request.now).times(position->open_volume()));
        const Amount paid = dollars(position->open_cost());
        margin += dollars(position->open_margin());
        cost += paid;
        value += worth;
        net += position->side == Side::buy ? worth - paid : paid - worth;
    }
    const auto show = [&](Amount dollars) { return dollars.over(unit).show(4); };
    const Amount equity = owned + net;
    JsonObject result;
    result.text("eb", show(owned)).text("tb", show(owned)).text("m", show(margin)).text("n", show(net));
    result.text("c", show(cost))
        .text("v", show(value))
        .text("e", show(equity))
        .text("mf", show(equity - margin));
    if (margin.is_positive()) result.text("ml", equity.over(margin).times(Amount::of_units(100)).show(2));
    return result.text("uv", show({})).done();
}

std::string ledgers(Desk& desk, Request& request) {
    auto& args = request.args;
    std::vector<std::string> wanted;
    for (const auto& name : args.list("asset", page_length))
        if (name != "all") wanted.push_back(known_asset(name).id);
    args.one_of("aclass", {"currency"});
    const auto type = args.one_of(
                              "type",
                              {"all",
                               "trade",
                               "deposit",
                               "withdrawal",
                               "transfer",
                               "margin",
                               "adjustment",
                               "rollover",
                               "credit",
                               "settled",
                               "staking",
                               "dividend",
                               "sale",
                               "nft_rebate"}
    )
                          .value_or("all");
    const Page page = read_page(args, [&](const std::string& id) -> std::optional<Time> {
        const LedgerLine* line = desk.books.line(id);
        if (!line || line->account != request.account()) return {};
        return line->time;
    });
    const bool count = !args.flag("without_count").value_or(false);
    args.rebase_multiplier();
    args.done(desk.settings.refuse_unknown_parameters);
    std::vector<const LedgerLine*> found;
    for (const auto& line : desk.books.lines()) {
        const bool asset = wanted.empty() || std::ranges::find(wanted, line.asset) != wanted.end();
        if (line.account == request.account() && asset && (type == "all" || line.type == type) &&
            page.covers(line.time))
            found.push_back(&line);
    }
    std::ranges::reverse(found);
    JsonObject shown;
    for (std::size_t i = page.offset; i < std::min(found.size(), page.offset + page_length); ++i)
        shown.raw(found[i]->id, ledger_json(*found[i]));
    JsonObject result;
    result.raw("ledger", shown.done());
    if (count) result.number("count", std::int64_t(found.size()));
    return result.done();
}

std::string query_ledgers(Desk& desk, Request& request) {
    constexpr std::size_t most = 20;
    const auto ids = request.args.list("id", most);
    if (ids.empty()) refuse_argument("id");
    request.args.flag("trades");
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    JsonObject result;
    for (const auto& id : ids) {
        const LedgerLine* line = desk.books.line(id);
        if (!line || line->account != request.account()) refuse_argument("id");
        result.raw(id, ledger_json(*line));
    }
    return result.done();
}

std::string trade_volume(Desk& desk, Request& request) {
    const auto pairs = read_pairs(request.args, desk.settings.refuse_unknown_parameters);
    request.args.flag("fee-info");
    request.args.text("fee_schedule");
    request.args.rebase_multiplier();
    request.args.done(desk.settings.refuse_unknown_parameters);
    const Amount volume = desk.engine.traded_volume(request.account(), request.now);
    JsonObject taker, maker;
    for (const Pair* pair : pairs) {
        const FeeTier& tier = fee_tier(*pair, volume);
        const bool last = tier.volume == pair->fees.back().volume;
        const FeeTier& next = last ? tier : *(&tier + 1);
        const auto row = [&](Amount FeeTier::* rate) {
            JsonObject json;
            json.text("fee", (tier.*rate).show(4)).text("minfee", (pair->fees.back().*rate).show(4));
            json.text("maxfee", (pair->fees.front().*rate).show(4));
            last ? json.null("nextfee") : json.text("nextfee", (next.*rate).show(4));
            last ? json.null("nextvolume") : json.text("nextvolume", next.volume.show(4));
            return json.text("tiervolume", tier.volume.show(4)).done();
        };
        taker.raw(pair->id, row(&FeeTier::taker));
        maker.raw(pair->id, row(&FeeTier::maker));
    }
    JsonObject result;
    result.text("currency", "ZUSD").text("volume", volume.show(4));
    if (!pairs.empty())
        result.raw("fees", taker.done()).raw("fees_maker", maker.done());
    else if (desk.settings.trade_volume_without_pair == Settings::FeesWithoutPair::null)
        result.null("fees").null("fees_maker");
    return result.done();
}

std::string web_sockets_token(Desk& desk, Request& request) {
    request.args.done(desk.settings.refuse_unknown_parameters);
    constexpr std::string_view signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    return JsonObject().text("token", desk.ids.text(43, signs)).number("expires", 900).done();
}

}  // namespace exchange
