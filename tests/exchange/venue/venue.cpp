#include "tests/exchange/venue/venue.hpp"

#include <stdexcept>

#include "tests/exchange/venue/desk.hpp"
#include "tests/exchange/venue/endpoints.hpp"

namespace exchange {

bool Request::permits(std::string_view permission) const {
    for (const auto& held : caller->permissions)
        if (held == permission) return true;
    return false;
}

Venue::Venue(Settings settings) : desk_(std::make_unique<Desk>(std::move(settings))) {}
Venue::~Venue() = default;

Settings& Venue::settings() {
    return desk_->settings;
}

void Venue::add_account(std::string name, Tier tier, std::map<std::string, std::string> balances) {
    if (desk_->tiers.contains(name)) throw std::invalid_argument("account exists already: " + name);
    std::map<std::string, Amount> amounts;
    for (const auto& [asset_name, text] : balances) {
        const Asset* asset = find_asset(asset_name);
        if (!asset) throw std::invalid_argument("unknown asset: " + asset_name);
        const Amount amount = Amount::of(text);
        if (amount.is_negative() || !amount.has_at_most(asset->decimals))
            throw std::invalid_argument("not a balance of " + asset_name + ": " + text);
        amounts[asset->id] += amount;
    }
    desk_->open_account(name, tier, amounts);
}

void Venue::add_withdraw_address(
    const std::string& account, const std::string& key, const std::string& asset, std::string address
) {
    const Asset* known = find_asset(asset);
    if (!known || !desk_->tiers.contains(account))
        throw std::invalid_argument("no such account or asset: " + account + ", " + asset);
    desk_->funding.withdraw_addresses.push_back({account, key, known->id, std::move(address)});
}

void Venue::deposit(
    const std::string& account, const std::string& asset, const std::string& amount, Time now
) {
    const Asset* known = find_asset(asset);
    if (!known || !desk_->tiers.contains(account))
        throw std::invalid_argument("no such account or asset: " + account + ", " + asset);
    const Amount money = Amount::of(amount);
    if (!money.is_positive() || !money.has_at_most(known->decimals))
        throw std::invalid_argument("not an amount of " + asset + ": " + amount);
    desk_->funding.deposit(account, *known, money, now);
}

void Venue::advance(Time now) {
    desk_->engine.advance(now);
    desk_->funding.advance(now);
    desk_->earn.advance(now);
}

Answer Venue::answer(const Call& call) {
    Answer answer;
    try {
        advance(call.now);
        const Endpoint* endpoint = find_endpoint(call.endpoint);
        if (!endpoint || (endpoint->is_private && !call.caller)) refuse("EGeneral:Unknown method");
        Tier tier = Tier::starter;
        if (endpoint->is_private) {
            const auto account = desk_->tiers.find(call.caller->account);
            if (account == desk_->tiers.end()) refuse("EAuth:Failed");
            tier = account->second;
            if (desk_->settings.system_status == "maintenance") refuse("EService:Unavailable");
        }
        const Params params = nested(call.params);
        Arguments args(params);
        Request request{args, call.caller, tier, call.now};
        answer.result = endpoint->handler(*desk_, request);
        answer.content_type = request.content_type;
    } catch (const Refusal& refusal) {
        answer.errors = {refusal.text};
        answer.result.clear();
    }
    return answer;
}

std::vector<std::string> Venue::audit() const {
    auto faults = desk_->books.audit();
    for (auto& fault : desk_->engine.audit())
        faults.push_back(std::move(fault));
    return faults;
}

std::size_t Venue::orders_executed(const std::string& account) const {
    return desk_->engine.orders_executed(account);
}

std::vector<KnownOrder> Venue::orders(const std::string& account) const {
    std::vector<KnownOrder> known;
    for (const Order* order : desk_->engine.all(account)) {
        known.push_back({
            .txid = order->id,
            .status = std::string(status_name(order->status)),
            .side = std::string(side_name(order->wish.side)),
            .kind = std::string(kind_name(order->wish.kind)),
            .volume = order->volume.show(8),
            .filled = order->filled.show(8),
            .cl_ord_id = order->wish.cl_ord_id,
            .userref = order->wish.userref.value_or(0),
            .amended = order->amends.empty() ? 0 : order->amends.size() - 1,
        });
    }
    return known;
}

std::int64_t Venue::trading_counter(const std::string& account, const std::string& pair, Time now) const {
    const Pair* known = find_pair(pair);
    if (!known) throw std::invalid_argument("unknown pair: " + pair);
    return desk_->engine.counter().value(account, known->id, desk_->tiers.at(account), now);
}

std::string Venue::iban(const std::string& account) const {
    return desk_->ibans.at(account);
}

}  // namespace exchange
