#include "holding_limits.hpp"

#include "grant/notional.hpp"
#include "grant/order_names.hpp"
#include "open_orders.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace krakken::gate {

using account::Account;
using account::Call;
using base::Decimal;
using boost::asio::awaitable;
using grant::Amount;
using grant::Grant;
using protocol::Effect;
using protocol::Error;
using protocol::ErrorCode;
using protocol::Result;
using std::chrono::steady_clock;

namespace {

// Of what is written down; more than any currency has.
constexpr unsigned digits_of_money = 10;

bool has_limits_in_money(const Grant& grant) {
    return grant.max_order_notional || grant.max_day_notional;
}

awaitable<Result<void>> check_own_orders(Backend& backend, const Call& call) {
    const auto named = grant::orders_named(*call.endpoint, call.parameters);
    if (!named) co_return std::unexpected(named.error());
    const auto own = co_await backend.usage.owned(call.caller.identity(), *named);
    if (!own) co_return std::unexpected(own.error());
    if (own->size() == named->size()) co_return Result<void>();
    co_return std::unexpected(grant::refusal(
        "this grant is for orders of its own alone, and this is another's (or was placed elsewhere)",
        "limit:own-orders"
    ));
}

// In its turn, so that no two placements count the same ones.
awaitable<Result<void>> check_open_orders(
    Backend& backend, std::shared_ptr<Account> account, const Permit& permit, const Call& call, Held& held
) {
    const unsigned limit = *permit.holding->grant.max_open_orders;
    account::Turns& turns = backend.usage.turns_of(call.caller.identity());
    const auto entered = co_await turns.enter(std::min(steady_clock::now() + call.max_wait, call.deadline));
    if (entered != account::Turns::Entry::entered) {
        auto error = protocol::make_error(
            ErrorCode::rate_limit,
            "earlier placements of this client are still under way, and its open orders are counted one "
            "after "
            "another; nothing was sent"
        );
        error.retryable = true;
        co_return std::unexpected(std::move(error).with("rule", "limit:max-open-orders"));
    }
    held.took(turns);
    // Counted first: one that is found meanwhile counts twice rather than not at all.
    const std::size_t in_doubt = account->placements().orders_in_doubt(call.caller.identity());
    const auto own = co_await own_open_orders(backend, account, call.caller.identity(), call);
    if (!own) co_return std::unexpected(own.error());
    if (own->size() + in_doubt + permit.orders.size() <= limit) co_return Result<void>();
    const std::string open = in_doubt == 0
                                 ? fmt::format("{} are open", own->size())
                                 : fmt::format(
                                       "{} are open and {} may be, whose answer was lost (see: krakkenctl "
                                       "intent list --open)",
                                       own->size(),
                                       in_doubt
                                   );
    co_return std::unexpected(grant::refusal(
        fmt::format("this grant is for {} open orders, and {}", limit, open), "limit:max-open-orders"
    ));
}

Error other_currency(const std::string& currency) {
    return grant::refusal(
        fmt::format(
            "this grant limits what orders cost in {}, and this pair is traded for something else", currency
        ),
        "limit:understood"
    );
}

// All orders of the call in one currency.
awaitable<Result<std::vector<Amount>>> value(
    Backend& backend, const Permit& permit, const Call& call, const std::string& currency
) {
    std::vector<Amount> values;
    for (const grant::OrderAsk& order : permit.orders) {
        const auto market = co_await backend.markets.of(order.pair, call.caller, call.call_id);
        if (!market) co_return std::unexpected(market.error());
        if (market->quote != currency) co_return std::unexpected(other_currency(currency));
        auto amount = grant::notional(order, *market);
        if (!amount) co_return std::unexpected(amount.error());
        values.push_back({std::move(*amount), currency});
    }
    co_return values;
}

std::optional<Error> check_each(const std::optional<Amount>& limit, const std::vector<Amount>& values) {
    if (!limit) return std::nullopt;
    for (const Amount& each : values) {
        if (each.value <= limit->value) continue;
        return grant::refusal(
            fmt::format(
                "this grant is for orders of {} at most, and this one may come to {}",
                limit->text(),
                each.text()
            ),
            "limit:max-order-notional"
        );
    }
    return std::nullopt;
}

awaitable<Result<void>> check_money(Backend& backend, const Permit& permit, Call& call, Held& held) {
    const Grant& grant = permit.holding->grant;
    const std::string currency =
        grant.max_order_notional ? grant.max_order_notional->currency : grant.max_day_notional->currency;
    if (grant.max_day_notional && grant.max_day_notional->currency != currency)
        co_return std::unexpected(other_currency(grant.max_day_notional->currency));
    const auto values = co_await value(backend, permit, call, currency);
    if (!values) co_return std::unexpected(values.error());
    if (auto refused = check_each(grant.max_order_notional, *values))
        co_return std::unexpected(std::move(*refused));
    if (!grant.max_day_notional) co_return Result<void>();
    Amount sum{{}, currency};
    for (const Amount& each : *values)
        sum.value = sum.value + each.value;
    sum.value = sum.value.rounded_up(digits_of_money);
    // Nothing is awaited between these: what is counted here is counted once.
    const base::Time now = backend.clock.now();
    const std::string identity = call.caller.identity();
    const Decimal spent = backend.usage.spent(identity, currency, now);
    if (spent + sum.value > grant.max_day_notional->value) {
        co_return std::unexpected(grant::refusal(
            fmt::format(
                "this grant is for {} in 24 hours, of which {}{} are used, and this may come to {}",
                grant.max_day_notional->text(),
                spent.text(),
                currency,
                sum.text()
            ),
            "limit:max-day-notional"
        ));
    }
    call.notional = sum.text();
    backend.usage.spend(identity, sum, now);
    held.spent([&usage = backend.usage, identity, sum, now] { usage.give_back(identity, sum, now); });
    co_return Result<void>();
}

}  // namespace

void Held::ended(const Result<std::string>& outcome) {
    if (give_back_ && !outcome && outcome.error().executed == protocol::Executed::no) give_back_();
}

bool has_more_limits(const Permit& permit, const protocol::Endpoint& endpoint) {
    const Grant& grant = permit.holding->grant;
    const bool of_orders =
        endpoint.effect == Effect::place && (has_limits_in_money(grant) || grant.max_open_orders);
    return of_orders || (grant.own_orders && grant::names_orders(endpoint));
}

std::optional<Error> too_many_calls(
    const Backend& backend,
    const Permit& permit,
    const protocol::Endpoint& endpoint,
    const base::Caller& caller
) {
    const auto limit = permit.holding->grant.max_calls_per_minute;
    if (!limit || endpoint.effect == Effect::cancel) return std::nullopt;
    const auto now = steady_clock::now();
    const auto room_at = backend.usage.room_for_a_call(caller.identity(), *limit, now);
    if (room_at <= now) return std::nullopt;
    auto error = protocol::make_error(
        ErrorCode::rate_limit, fmt::format("this grant is for {} calls a minute; nothing was sent", *limit)
    );
    error.retryable = true;
    error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(room_at - now);
    return std::move(error).with("rule", "limit:max-calls-per-minute");
}

void count_call(Backend& backend, const Permit& permit, const base::Caller& caller) {
    if (permit.holding->grant.max_calls_per_minute)
        backend.usage.count_call(caller.identity(), steady_clock::now());
}

awaitable<Result<Held>> hold_to_limits(
    Backend& backend, Permit permit, std::shared_ptr<Account> account, Call& call
) {
    Held held;
    const Grant& grant = permit.holding->grant;
    if (grant.own_orders && grant::names_orders(*call.endpoint)) {
        const auto own = co_await check_own_orders(backend, call);
        if (!own) co_return std::unexpected(own.error());
    }
    if (permit.orders.empty() || account::only_validates(*call.endpoint, call.parameters))
        co_return std::move(held);
    if (grant.max_open_orders) {
        const auto room = co_await check_open_orders(backend, account, permit, call, held);
        if (!room) co_return std::unexpected(room.error());
    }
    if (has_limits_in_money(grant)) {
        const auto money = co_await check_money(backend, permit, call, held);
        if (!money) co_return std::unexpected(money.error());
    }
    co_return std::move(held);
}

}  // namespace krakken::gate
