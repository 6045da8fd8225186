#include "tests/exchange/venue/funding_calls.hpp"

#include <algorithm>

#include "tests/exchange/venue/json_text.hpp"
#include "tests/exchange/venue/pages.hpp"

namespace exchange {
namespace {

void done(Desk& desk, Request& request) {
    request.args.done(desk.settings.refuse_unknown_parameters);
}

const Asset& needed_asset(Request& request) {
    return known_asset(request.args.needed("asset"));
}

const Asset* optional_asset(Request& request) {
    const auto name = request.args.text("asset");
    request.args.one_of("aclass", {"currency", "tokenized_asset"});
    return name ? &known_asset(*name) : nullptr;
}

Amount needed_amount(Request& request, const Asset& asset) {
    const Amount amount = request.args.needed_amount("amount");
    if (!amount.has_at_most(asset.decimals)) refuse("EFunding:Invalid amount");
    return amount;
}

// "cursor" is absent, false, true for the first page, or what "next_cursor" said.
struct Cursor {
    bool asked = false;
    std::size_t offset = 0;
};

Cursor read_cursor(Arguments& args) {
    const auto text = args.text_or_flag("cursor");
    if (!text || *text == "false") return {};
    if (*text == "true") return {true, 0};
    const auto offset =
        text->starts_with("c") ? parse_whole(std::string_view(*text).substr(1)) : std::nullopt;
    if (!offset || *offset < 0) refuse_argument("cursor");
    return {true, std::size_t(*offset)};
}

struct MovementFilter {
    const Asset* asset;
    std::optional<std::string> method;
    Page page;
    Cursor cursor;
    std::size_t limit;
};

MovementFilter read_filter(Desk& desk, Request& request, std::int64_t usual_limit) {
    MovementFilter filter{optional_asset(request), request.args.text("method"), {}, {}, 0};
    const auto no_ids = [](const std::string&) -> std::optional<Time> { return {}; };
    filter.page = read_page(request.args, no_ids);
    filter.cursor = read_cursor(request.args);
    filter.limit = std::size_t(request.args.whole("limit", 1, 500).value_or(usual_limit));
    request.args.rebase_multiplier();
    done(desk, request);
    return filter;
}

std::string movement_json(const Movement& movement, const std::string& status, bool withdrawal) {
    const int places = decimals_of(movement.asset);
    JsonObject json;
    json.text("method", movement.method);
    if (withdrawal) json.text("network", movement.network);
    json.text("aclass", "currency").text("asset", movement.asset).text("refid", movement.refid);
    json.text("txid", movement.txid).text("info", movement.info).text("amount", movement.amount.show(places));
    json.text("fee", movement.fee.show(places))
        .number("time", unix_seconds(movement.time))
        .text("status", status);
    if (movement.canceled) json.text("status-prop", "canceled");
    if (withdrawal) json.text("key", movement.key);
    return json.done();
}

// Newest first, as a plain array or a page with its cursor.
std::string movements_json(
    Desk& desk,
    const Request& request,
    const MovementFilter& filter,
    const std::deque<Movement>& all,
    bool withdrawal,
    const char* name
) {
    std::vector<const Movement*> found;
    for (auto movement = all.rbegin(); movement != all.rend(); ++movement)
        if (movement->account == request.account() && !movement->wallet_transfer &&
            (!filter.asset || filter.asset->id == movement->asset) &&
            (!filter.method || *filter.method == movement->method) && filter.page.covers(movement->time))
            found.push_back(&*movement);
    JsonArray rows;
    const std::size_t end = std::min(found.size(), filter.cursor.offset + filter.limit);
    for (std::size_t i = filter.cursor.offset; i < end; ++i)
        rows.raw(movement_json(
            *found[i], withdrawal ? desk.funding.status(*found[i], request.now) : "Success", withdrawal
        ));
    if (!filter.cursor.asked) return rows.done();
    JsonObject page;
    page.raw(name, rows.done());
    end < found.size() ? page.text("next_cursor", "c" + std::to_string(end)) : page.null("next_cursor");
    return page.done();
}

bool good_email(std::string_view email) {
    const auto at = email.find('@');
    return at != std::string_view::npos && at > 0 && email.find('.', at) != std::string_view::npos;
}

void check_institutional(const Desk& desk, const Request& request) {
    if (!desk.settings.institutional_accounts.contains(request.account()))
        refuse("EAccount:Invalid permissions");
}

}  // namespace

std::string deposit_methods(Desk& desk, Request& request) {
    const Asset& asset = needed_asset(request);
    request.args.one_of("aclass", {"currency", "tokenized_asset"});
    request.args.rebase_multiplier();
    done(desk, request);
    const FundingMethod& method = method_of(asset.id);
    JsonObject row;
    row.text("method", method.name).flag("limit", false).text("fee", Amount().show(asset.decimals));
    row.flag("gen-address", method.has_addresses)
        .text("minimum", method.deposit_minimum.show(asset.decimals));
    return JsonArray().raw(row.done()).done();
}

std::string deposit_addresses(Desk& desk, Request& request) {
    const Asset& asset = needed_asset(request);
    const auto name = request.args.needed("method");
    request.args.one_of("aclass", {"currency", "tokenized_asset"});
    const bool fresh = request.args.flag("new").value_or(false);
    request.args.rebase_multiplier();
    done(desk, request);
    const FundingMethod& method = method_of(asset.id);
    if (method.name != name || !method.has_addresses) refuse("EFunding:No funding method");
    if (fresh && desk.settings.new_address_needs_add_funds && !request.permits("add-funds"))
        refuse("EGeneral:Permission denied");
    const auto row = [](const DepositAddress& address, bool is_new) {
        JsonObject json;
        json.text("address", address.address).text("expiretm", "0");
        if (is_new) json.flag("new", true);
        return json.done();
    };
    JsonArray rows;
    if (fresh) return rows.raw(row(desk.funding.new_address(request.account(), method), true)).done();
    for (const auto& address : desk.funding.deposit_addresses)
        if (address.account == request.account() && address.method == name)
            rows.raw(row(address, !address.used));
    return rows.done();
}

std::string deposit_status(Desk& desk, Request& request) {
    const auto filter = read_filter(desk, request, 25);
    return movements_json(desk, request, filter, desk.funding.deposits, false, "deposit");
}

std::string withdraw_methods(Desk& desk, Request& request) {
    const Asset* asset = optional_asset(request);
    const auto network = request.args.text("network");
    request.args.rebase_multiplier();
    done(desk, request);
    JsonArray rows;
    for (const auto& method : funding_methods()) {
        if ((asset && asset->id != method.asset) || (network && *network != method.network)) continue;
        JsonObject row;
        row.text("asset", method.asset).text("method", method.name).text("network", method.network);
        rows.raw(row.text("minimum", method.minimum.show(decimals_of(method.asset))).done());
    }
    return rows.done();
}

std::string withdraw_addresses(Desk& desk, Request& request) {
    const Asset* asset = optional_asset(request);
    const auto method = request.args.text("method");
    const auto key = request.args.text("key");
    const auto verified = request.args.flag("verified");
    done(desk, request);
    JsonArray rows;
    for (const auto& address : desk.funding.withdraw_addresses) {
        const std::string& method_name = method_of(address.asset).name;
        if (address.account != request.account() || (asset && asset->id != address.asset)) continue;
        if ((method && *method != method_name) || (key && *key != address.key) || verified == false) continue;
        JsonObject row;
        row.text("address", address.address).text("asset", address.asset).text("method", method_name);
        rows.raw(row.text("key", address.key).flag("verified", true).done());
    }
    return rows.done();
}

std::string withdraw_info(Desk& desk, Request& request) {
    const Asset& asset = needed_asset(request);
    const auto key = request.args.needed("key");
    const Amount amount = needed_amount(request, asset);
    request.args.rebase_multiplier();
    done(desk, request);
    const FundingMethod& method = method_of(asset.id);
    desk.funding.address_for(request.account(), asset, key);
    if (amount < method.minimum) refuse("EFunding:Invalid amount");
    const int places = std::min(8, asset.decimals);
    return JsonObject()
        .text("method", method.name)
        .text("limit", desk.books.free(request.account(), asset.id).show(places))
        .text("amount", (amount - method.fee).show(places))
        .text("fee", method.fee.show(places))
        .done();
}

std::string withdraw(Desk& desk, Request& request) {
    const Asset& asset = needed_asset(request);
    const auto key = request.args.needed("key");
    const Amount amount = needed_amount(request, asset);
    request.args.one_of("aclass", {"currency", "tokenized_asset"});
    const auto address = request.args.text("address");
    const auto max_fee = request.args.amount("max_fee");
    request.args.rebase_multiplier();
    done(desk, request);
    const WithdrawAddress& to = desk.funding.address_for(request.account(), asset, key);
    if (address && *address != to.address) refuse(desk.settings.invalid_withdrawal_address_text);
    const FundingMethod& method = method_of(asset.id);
    if (amount < method.minimum) refuse("EFunding:Invalid amount");
    if (max_fee && *max_fee < method.fee) refuse("EFunding:Max fee exceeded");
    return JsonObject().text("refid", desk.funding.withdraw(to, method, amount, request.now).refid).done();
}

std::string withdraw_status(Desk& desk, Request& request) {
    const auto filter = read_filter(desk, request, 500);
    return movements_json(desk, request, filter, desk.funding.withdrawals, true, "withdrawal");
}

std::string withdraw_cancel(Desk& desk, Request& request) {
    const Asset& asset = needed_asset(request);
    const auto refid = request.args.needed("refid");
    done(desk, request);
    Movement* withdrawal = desk.funding.find_withdrawal(request.account(), refid);
    if (!withdrawal || withdrawal->asset != asset.id) refuse("EFunding:Unknown reference id");
    if (!withdrawal->wallet_transfer && !request.permits("withdraw-funds"))
        refuse("EGeneral:Permission denied");
    return desk.funding.cancel(*withdrawal, request.now) ? "true" : "false";
}

std::string wallet_transfer(Desk& desk, Request& request) {
    const Asset& asset = needed_asset(request);
    if (!request.args.one_of("from", {"Spot Wallet"})) refuse_argument("from");
    if (!request.args.one_of("to", {"Futures Wallet"})) refuse_argument("to");
    const Amount amount = needed_amount(request, asset);
    done(desk, request);
    const auto& made = desk.funding.to_futures_wallet(request.account(), asset, amount, request.now);
    return JsonObject().text("refid", made.refid).done();
}

std::string create_subaccount(Desk& desk, Request& request) {
    const auto username = request.args.needed("username");
    const auto email = request.args.needed("email");
    done(desk, request);
    check_institutional(desk, request);
    if (!good_email(email)) refuse_argument("email");
    if (desk.tiers.contains(username)) refuse_argument("username");
    desk.open_account(username, request.tier, {});
    return "true";
}

std::string account_transfer(Desk& desk, Request& request) {
    const Asset& asset = needed_asset(request);
    request.args.one_of("asset_class", {"currency", "tokenized_asset"});
    const Amount amount = needed_amount(request, asset);
    const auto account_of = [&](std::string_view field) {
        const auto iban = request.args.needed(field);
        const auto found =
            std::ranges::find_if(desk.ibans, [&](const auto& entry) { return entry.second == iban; });
        if (found == desk.ibans.end()) refuse_argument(field);
        return found->first;
    };
    const std::string from = account_of("from");
    const std::string to = account_of("to");
    done(desk, request);
    check_institutional(desk, request);
    if (from == to) refuse_argument("to");
    if (amount > desk.books.free(from, asset.id)) refuse("EFunding:Insufficient funds");
    const std::string id = desk.ids.transfer();
    desk.books.post({from, asset.id, -amount, {}, "transfer", "", id}, request.now);
    desk.books.post({to, asset.id, amount, {}, "transfer", "", id}, request.now);
    return JsonObject().text("transfer_id", id).text("status", "complete").done();
}

}  // namespace exchange
