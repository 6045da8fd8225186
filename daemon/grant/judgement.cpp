#include "grant/judgement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace krakken::grant {

using protocol::Effect;
using protocol::Endpoint;
using protocol::Error;
using protocol::ErrorCode;

namespace {

constexpr const char* ask_the_operator =
    "krakkenctl whoami shows what is allowed; the operator can allow more";

std::string rule_of_right(const Endpoint& endpoint) {
    if (endpoint.effect == Effect::fund) return "effect:fund";
    if (endpoint.effect == Effect::token) return "effect:token";
    return fmt::format("right:{}", protocol::name(endpoint.right));
}

Error lacks(const Endpoint& endpoint) {
    if (endpoint.right == Right::nobody) {
        return refusal(
            fmt::format("the answer of {} holds an API key, which krakkend shows to nobody", endpoint.name),
            rule_of_right(endpoint)
        );
    }
    auto error = refusal(
        fmt::format(
            "{} needs the right \"{}\", which is not granted here",
            endpoint.name,
            protocol::name(endpoint.right)
        ),
        rule_of_right(endpoint)
    );
    if (endpoint.right == Right::cancel_all)
        error.remedy =
            "to cancel all orders at once, and stop what else acts: krakkenctl freeze --cancel-all --reason "
            "WHY; to allow it for good, name cancel-all beside what else is allowed: krakkenctl bot change "
            "NAME, or "
            "krakkenctl grant set uid:N";
    return error;
}

// Of a grant that has ended nothing is left, and outside its hours only what can do no harm.
std::optional<Error> check_time(const Grant& grant, const Endpoint& endpoint, base::Time now) {
    if (grant.expires_at && now >= *grant.expires_at)
        return refusal(
            fmt::format("this grant has ended at {}", base::rfc3339(*grant.expires_at)), "limit:expires"
        );
    const bool harmless = endpoint.effect == Effect::read || endpoint.effect == Effect::cancel;
    if (grant.hours && !harmless && !grant.hours->contain(now))
        return refusal(fmt::format("this grant is for {} UTC alone", grant.hours->text()), "limit:hours");
    return std::nullopt;
}

// Kraken can check these without doing them.
bool can_be_validated(const Endpoint& endpoint) {
    return endpoint.name == "AddOrder" || endpoint.name == "AddOrderBatch" || endpoint.name == "EditOrder";
}

std::optional<Error> check_mode(const Grant& grant, const Endpoint& endpoint) {
    if (!grant.validate_only || endpoint.effect == Effect::read || can_be_validated(endpoint))
        return std::nullopt;
    return refusal(
        fmt::format("this grant is for orders that Kraken only checks, and {} cannot be", endpoint.name),
        "limit:mode"
    );
}

std::optional<Error> check_order(const Grant& grant, const OrderAsk& order) {
    if (!grant.pairs.empty() && !grant.pairs.contains(order.pair))
        return refusal("this grant is not for this pair", "limit:pairs");
    if (grant.side && *grant.side != order.side)
        return refusal(fmt::format("this grant is for orders to {} alone", name(*grant.side)), "limit:side");
    if (!grant.order_types.empty() && !grant.order_types.contains(order.type))
        return refusal("this grant is not for this type of order", "limit:order-types");
    if (grant.max_order_volume && order.volume > *grant.max_order_volume)
        return refusal(
            fmt::format("this grant is for orders of {} at most", grant.max_order_volume->text()),
            "limit:max-order-volume"
        );
    return std::nullopt;
}

// It cannot be said of all orders that they are one's own.
std::optional<Error> check_own_orders(const Grant& grant, const Endpoint& endpoint) {
    if (!grant.own_orders || endpoint.right != Right::cancel_all) return std::nullopt;
    return refusal("this grant is for orders of its own alone", "limit:own-orders");
}

}  // namespace

Error refusal(std::string sentence, std::string_view rule) {
    return protocol::make_error(ErrorCode::forbidden, std::move(sentence) + "; nothing was sent")
        .with("rule", boost::json::string(rule))
        .with_remedy(ask_the_operator);
}

Result<std::vector<OrderAsk>> judge(
    const Grant& grant,
    const Endpoint& endpoint,
    const kraken::Parameters& parameters,
    const std::optional<base::AccountName>& account,
    base::Time now
) {
    if (account && !grant.covers(*account))
        return std::unexpected(refusal("this account is not granted here", "grant:accounts"));
    if (!grant.has(endpoint.right)) return std::unexpected(lacks(endpoint));
    if (auto refused = check_time(grant, endpoint, now)) return std::unexpected(std::move(*refused));
    if (auto refused = check_mode(grant, endpoint)) return std::unexpected(std::move(*refused));
    if (auto refused = check_own_orders(grant, endpoint)) return std::unexpected(std::move(*refused));
    if (endpoint.effect != Effect::place || !grant.limits_orders()) return std::vector<OrderAsk>();
    auto orders = read_orders(endpoint, parameters);
    if (!orders) return orders;
    for (const OrderAsk& order : *orders)
        if (auto refused = check_order(grant, order)) return std::unexpected(std::move(*refused));
    return orders;
}

}  // namespace krakken::grant
