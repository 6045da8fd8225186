// The methods by which a client says who it is, and learns what it may do: identify, whoami, check.

#include "gate/permit.hpp"
#include "handlers.hpp"
#include "holding_limits.hpp"
#include "showing.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <utility>

namespace krakken::gate {

namespace json = boost::json;
using protocol::Error;
using protocol::ErrorCode;
using protocol::fail;

namespace {

// What is left of the limits that are used up by time.
json::object left_of(const Backend& backend, const grant::Grant& grant, const std::string& identity) {
    json::object left;
    if (grant.max_calls_per_minute) {
        const auto used = backend.usage.calls(identity, std::chrono::steady_clock::now());
        left["calls"] =
            *grant.max_calls_per_minute - std::min<std::size_t>(used, *grant.max_calls_per_minute);
    }
    if (const auto& limit = grant.max_day_notional) {
        const auto spent = backend.usage.spent(identity, limit->currency, backend.clock.now());
        const grant::Amount rest{
            spent < limit->value ? limit->value - spent : base::Decimal(), limit->currency
        };
        left["day_notional"] = rest.text();
    }
    return left;
}

json::object show(const Backend& backend, const Holding& holding, const std::string& identity) {
    json::object shown{{"holder", holding.holder}};
    for (const auto& member : json::parse(grant::text_of(holding.grant)).as_object())
        shown.insert(member);
    if (holding.grant.all_accounts) {
        json::array accounts;
        for (const auto& account : backend.accounts.list())
            accounts.emplace_back(account->info().account.text());
        shown["accounts"] = std::move(accounts);
    }
    if (json::object left = left_of(backend, holding.grant, identity); !left.empty())
        shown["left"] = std::move(left);
    return shown;
}

json::object no(const Error& error) {
    json::object shown{{"allowed", false}, {"message", error.message}};
    if (const auto* rule = error.details.if_contains("rule")) shown["rule"] = *rule;
    if (!error.remedy.empty()) shown["remedy"] = error.remedy;
    return shown;
}

// What a bot signs to show that a connection is its own, as it would sign a call: with the time as the nonce,
// so that what somebody else has seen of it is soon of no use.
constexpr std::string_view identify_path = "/krakkend/identify";
constexpr std::chrono::seconds signature_lasts{60};

Work identify(
    Backend& backend, keeper::BotRequest request, std::function<void(std::string, std::string)> becomes
) {
    auto bot = co_await backend.keeper.verify_bot(std::move(request));
    if (!bot) co_return std::unexpected(std::move(bot.error()));
    becomes(bot->bot, bot->key.hex());
    co_return json::serialize(json::object{{"identity", "bot:" + bot->bot}});
}

// With what must be asked for it (prices, open orders), and nothing more.
Work check_limits(
    Backend& backend, Permit permit, std::shared_ptr<account::Account> account, account::Call call
) {
    const std::string holder = permit.holding->holder;
    auto held = co_await hold_to_limits(backend, std::move(permit), account, call);
    if (!held) co_return json::serialize(no(held.error()));
    held->ended(fail(ErrorCode::timeout, "it was only checked"));
    co_return json::serialize(
        json::object{{"allowed", true}, {"account", account->info().account.text()}, {"holder", holder}}
    );
}

}  // namespace

Handled handle_identify(Backend& backend, const Arguments& arguments, const Context& context) {
    if (!context.becomes)
        return fail(ErrorCode::invalid_request, "over HTTP each request is signed; this is for connections");
    if (!context.caller.bot.empty())
        return fail(ErrorCode::invalid_request, "this connection is a bot's already; open another one");
    const std::chrono::seconds time(*arguments.integer("time"));
    const auto now = std::chrono::floor<std::chrono::seconds>(backend.clock.now().time_since_epoch());
    if (std::chrono::abs(now - time) > signature_lasts)
        return fail(
            ErrorCode::auth, "time must be now, in seconds since 1970; it differs by more than a minute"
        );
    const std::string nonce = std::to_string(time.count());
    return identify(
        backend,
        {.api_key = *arguments.text("key"),
         .signature = *arguments.text("signature"),
         .path = std::string(identify_path),
         .nonce = nonce,
         .body = "nonce=" + nonce},
        context.becomes
    );
}

Handled handle_whoami(Backend& backend, const Arguments&, const Context& context) {
    json::array grants;
    for (const auto& holding : context.holdings)
        grants.push_back(show(backend, *holding, context.caller.identity()));
    return json::serialize(json::object{
        {"identity", context.caller.identity()},
        {"grants", std::move(grants)},
        {"frozen", show_freezes(backend, context)}
    });
}

Handled handle_check(Backend& backend, const Arguments& arguments, const Context& context) {
    const protocol::Endpoint* named = protocol::find_endpoint(*arguments.text("endpoint"));
    if (!named)
        return fail(ErrorCode::unknown_endpoint, "Kraken has no such endpoint; see: krakkenctl endpoints");
    const auto parameters = kraken::Parameters::parse(arguments.raw("params"), named->body);
    if (!parameters) return std::unexpected(parameters.error());
    const protocol::Endpoint& endpoint = kraken::as_called(*named, *parameters);
    if (endpoint.kind == protocol::EndpointKind::public_)
        return json::serialize(json::object{{"allowed", true}});
    const auto account = find_account(backend, context.holdings, arguments.text("account"));
    if (!account && account.error().code != ErrorCode::forbidden) return std::unexpected(account.error());
    if (!account) return json::serialize(no(account.error()));
    const base::AccountName& name = (*account)->info().account;
    auto permitted =
        permit(context.holdings, backend.profile, endpoint, *parameters, name, backend.clock.now());
    if (!permitted) return json::serialize(no(permitted.error()));
    if (const auto frozen = backend.freezes.refusal(endpoint, name, context.caller.bot))
        return json::serialize(no(*frozen));
    if (const auto refused = too_many_calls(backend, *permitted, endpoint, context.caller))
        return json::serialize(no(*refused));
    count_call(backend, *permitted, context.caller);  // it may ask Kraken
    account::Call call{
        .endpoint = &endpoint,
        .parameters = as_granted(*permitted, endpoint, *parameters),
        .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30),
        .max_wait = std::chrono::seconds(10),
        .call_id = context.call_id,
        .caller = context.caller,
    };
    return check_limits(backend, std::move(*permitted), *account, std::move(call));
}

}  // namespace krakken::gate
