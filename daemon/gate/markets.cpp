#include "gate/markets.hpp"

#include "grant/judgement.hpp"
#include "kraken/pair_name.hpp"
#include "kraken/parameters.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace krakken::gate {

using base::Decimal;
using boost::asio::awaitable;
using protocol::JsonMember;
using protocol::Result;
using std::chrono::steady_clock;

namespace {

std::vector<JsonMember> members_of(std::string_view json) {
    return protocol::split_object(json, protocol::max_reply_depth).value_or(std::vector<JsonMember>());
}

// The one entry of a result that holds a map by pair. Kraken names it by an id of its own.
std::optional<std::string_view> only_entry(std::string_view result) {
    const auto entries = members_of(result);
    if (entries.size() != 1) return std::nullopt;
    return entries.front().value;
}

// Behind the slash of "XBT/USD", if this is that pair.
std::optional<std::string> quote_in(std::string_view pairs, const std::string& pair) {
    const auto entry = only_entry(pairs);
    const auto members = entry ? members_of(*entry) : std::vector<JsonMember>();
    const JsonMember* name = protocol::find(members, "wsname");
    if (!name) return std::nullopt;
    const std::string text = kraken::plain_text(name->value);
    const std::size_t slash = text.find('/');
    if (slash == std::string::npos || kraken::canonical_pair(text) != pair) return std::nullopt;
    return kraken::canonical_asset(text.substr(slash + 1));
}

// The highest of ask, bid and last trade, each the first of a list.
std::optional<Decimal> price_in(std::string_view ticker) {
    const auto entry = only_entry(ticker);
    const auto members = entry ? members_of(*entry) : std::vector<JsonMember>();
    Decimal highest;
    for (const std::string_view name : {"a", "b", "c"}) {
        const JsonMember* member = protocol::find(members, name);
        const auto items = member ? protocol::split_array(member->value, protocol::max_reply_depth)
                                        .value_or(std::vector<std::string_view>())
                                  : std::vector<std::string_view>();
        const auto price = items.empty() ? std::nullopt : Decimal::parse(kraken::plain_text(items.front()));
        if (price) highest = std::max(highest, *price);
    }
    if (highest.is_zero()) return std::nullopt;
    return highest;
}

std::unexpected<protocol::Error> has_no_price() {
    return std::unexpected(grant::refusal(
        "this grant limits what an order may cost, and Kraken names no price of this pair", "limit:understood"
    ));
}

}  // namespace

awaitable<Result<grant::Market>> Markets::of(std::string pair, base::Caller caller, std::string call_id) {
    if (const auto known = known_.find(pair);
        known != known_.end() && steady_clock::now() < known->second.asked_at + good_for)
        co_return grant::Market{known->second.quote, known->second.price};
    std::string quote;
    if (const auto known = known_.find(pair); known != known_.end()) {
        quote = known->second.quote;
    } else {
        const auto pairs = co_await ask("AssetPairs", pair, caller, call_id);
        if (!pairs && pairs.error().code == protocol::ErrorCode::order) co_return has_no_price();
        if (!pairs) co_return std::unexpected(pairs.error());
        const auto told = quote_in(*pairs, pair);
        if (!told) co_return has_no_price();
        quote = *told;
    }
    const auto asked_at = steady_clock::now();
    const auto ticker = co_await ask("Ticker", pair, caller, call_id);
    if (!ticker) co_return std::unexpected(ticker.error());
    const auto price = price_in(*ticker);
    if (!price) co_return has_no_price();
    known_.insert_or_assign(pair, Known{quote, *price, asked_at});
    co_return grant::Market{std::move(quote), *price};
}

awaitable<Result<std::string>> Markets::ask(
    std::string_view endpoint, std::string pair, base::Caller caller, std::string call_id
) {
    kraken::Parameters parameters;
    parameters.set("pair", protocol::quote(pair));
    constexpr std::chrono::seconds patience{2};  // a late price is a wrong price
    auto answer = co_await accounts_.call_public({
        .endpoint = protocol::find_endpoint(endpoint),
        .parameters = std::move(parameters),
        .deadline = steady_clock::now() + 5 * patience,
        .max_wait = patience,
        .call_id = std::move(call_id),
        .caller = std::move(caller),
    });
    if (!answer)
        answer.error().message =
            "the order was not sent, as it could not be valued: " + answer.error().message;
    co_return answer;
}

}  // namespace krakken::gate
