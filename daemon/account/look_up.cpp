#include "look_up.hpp"

#include "kraken/pair_name.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>
#include <utility>

namespace krakken::account {

using kraken::ListedOrder;
using protocol::ErrorCode;
using protocol::fail;
using protocol::JsonMember;
using protocol::quote;

namespace {

// Kraken lists 50 entries a page; more of them than this within the seconds in question say that something is
// wrong.
constexpr std::size_t most_pages = 20;
constexpr std::size_t most_queried = 50;
// So far may our idea of Kraken's clock be off.
constexpr std::chrono::seconds clock_error{10};

// A page of something, and how many there are in all.
struct Listing {
    std::vector<JsonMember> entries;
    std::size_t count = 0;
};

std::unexpected<protocol::Error> not_understood(const protocol::Endpoint& endpoint) {
    return fail(ErrorCode::network, fmt::format("the answer to {} is not understood", endpoint.name));
}

kraken::Parameters parameters_of(const std::string& json) {
    return *kraken::Parameters::parse(json);  // written here
}

const protocol::Endpoint& endpoint_named(std::string_view name) {
    return *protocol::find_endpoint(name);
}

// {"userref":17} or {"cl_ord_id":"..."}: what the lists can be narrowed by. Many rows, or rows without a tag,
// are sought in the whole list.
std::string filter_of(const Sought& sought) {
    const bool narrow = sought.kind == Sought::Kind::orders && sought.rows.size() == 1;
    return narrow ? sought.tag_text() : "";
}

std::string with_members(const std::string& filter, const std::vector<std::string>& members) {
    std::vector<std::string> all = members;
    if (!filter.empty()) all.insert(all.begin(), filter.substr(1, filter.size() - 2));
    return fmt::format("{{{}}}", fmt::join(all, ","));
}

std::vector<std::string> since(const Sought& sought) {
    if (!sought.sent_at) return {};
    const auto start = std::chrono::floor<std::chrono::seconds>(*sought.sent_at - clock_error);
    return {fmt::format(R"("start":{})", start.time_since_epoch().count())};
}

std::optional<Listing> listing(std::string_view result, std::string_view list) {
    const auto members = protocol::split_object(result, protocol::max_reply_depth);
    const JsonMember* map = members ? protocol::find(*members, list) : nullptr;
    auto entries = map ? protocol::split_object(map->value, protocol::max_reply_depth)
                       : std::unexpected(protocol::JsonFault::syntax);
    if (!entries) return std::nullopt;
    Listing page{std::move(*entries), 0};
    page.count = page.entries.size();
    if (const JsonMember* count = protocol::find(*members, "count")) {
        const std::string digits = kraken::plain_text(count->value);
        std::size_t number = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        page.count = std::max(page.count, number);
    }
    return page;
}

std::string raw_map(const std::vector<JsonMember>& entries) {
    std::vector<std::string> members;
    for (const JsonMember& entry : entries)
        members.push_back(quote(entry.name) + ":" + std::string(entry.value));
    return fmt::format("{{{}}}", fmt::join(members, ","));
}

// All pages of a list, as one map. An order that enters while they are read moves the others by one, which
// may show one twice and hides none.
awaitable<Result<std::string>> ask_all(
    const protocol::Endpoint& endpoint,
    std::string_view list,
    const std::string& filter,
    std::vector<std::string> members,
    const AskKraken& ask
) {
    std::set<std::string> seen;
    std::string all;
    std::size_t offset = 0;
    for (std::size_t page = 0; page < most_pages; ++page) {
        auto wanted = members;
        if (offset > 0) wanted.push_back(fmt::format(R"("ofs":{})", offset));
        const auto answer = co_await ask(endpoint, parameters_of(with_members(filter, wanted)), std::nullopt);
        if (!answer) co_return std::unexpected(answer.error());
        auto read = listing(*answer, list);
        if (!read) co_return not_understood(endpoint);
        offset += read->entries.size();
        const bool last = read->entries.empty() || offset >= read->count;
        std::erase_if(read->entries, [&seen](const JsonMember& entry) {
            return !seen.insert(entry.name).second;
        });
        const std::string map = raw_map(read->entries);
        if (map.size() > 2) all += (all.empty() ? "" : ",") + map.substr(1, map.size() - 2);
        if (last) co_return "{" + all + "}";
    }
    co_return fail(ErrorCode::network, fmt::format("{} has too many entries to be searched", endpoint.name));
}

awaitable<Result<std::vector<ListedOrder>>> orders_in(
    std::string_view endpoint_name,
    std::string_view list,
    std::string filter,
    std::vector<std::string> members,
    const AskKraken& ask
) {
    const protocol::Endpoint& endpoint = endpoint_named(endpoint_name);
    const auto map = co_await ask_all(endpoint, list, filter, std::move(members), ask);
    if (!map) co_return std::unexpected(map.error());
    auto orders = kraken::listed_orders(*map);
    if (!orders) co_return not_understood(endpoint);
    co_return std::move(*orders);
}

// Could this trade be of the call? What cannot be told counts as yes.
bool may_be_of(const Sought& sought, const JsonMember& trade) {
    const auto members = protocol::split_object(trade.value, protocol::max_reply_depth);
    if (!members) return true;
    const auto text = [&](std::string_view name) {
        const JsonMember* member = protocol::find(*members, name);
        return member ? kraken::plain_text(member->value) : "";
    };
    return std::ranges::any_of(sought.rows, [&](const SoughtOrder& row) {
        const bool same_pair =
            row.pair.empty() || kraken::canonical_pair(row.pair) == kraken::canonical_pair(text("pair"));
        const bool same_side = row.side.empty() || row.side == text("type");
        return same_pair && same_side;
    });
}

// The orders behind recent trades that neither list has shown: one that was filled at once may be seen by its
// trades first.
awaitable<Result<std::set<std::string>>> traded_orders(const Sought& sought, const AskKraken& ask) {
    const protocol::Endpoint& endpoint = endpoint_named("TradesHistory");
    std::set<std::string> orders;
    if (!sought.sent_at) co_return orders;
    const auto map = co_await ask_all(endpoint, "trades", "", since(sought), ask);
    if (!map) co_return std::unexpected(map.error());
    const auto trades = *protocol::split_object(*map, protocol::max_reply_depth);
    for (const JsonMember& trade : trades) {
        if (!may_be_of(sought, trade)) continue;
        const auto members = protocol::split_object(trade.value, protocol::max_reply_depth);
        const JsonMember* order = members ? protocol::find(*members, "ordertxid") : nullptr;
        if (!order) co_return not_understood(endpoint);
        orders.insert(kraken::plain_text(order->value));
    }
    co_return orders;
}

awaitable<Result<std::vector<ListedOrder>>> query_orders(
    const std::set<std::string>& txids, const AskKraken& ask
) {
    std::vector<ListedOrder> found;
    const protocol::Endpoint& endpoint = endpoint_named("QueryOrders");
    for (auto next = txids.begin(); next != txids.end();) {
        std::vector<std::string> some;
        for (; next != txids.end() && some.size() < most_queried; ++next)
            some.push_back(*next);
        const std::string json =
            fmt::format(R"({{"txid":{}}})", quote(fmt::format("{}", fmt::join(some, ","))));
        const auto answer = co_await ask(endpoint, parameters_of(json), std::nullopt);
        if (!answer) co_return std::unexpected(answer.error());
        const auto orders = kraken::listed_orders(*answer);
        if (!orders) co_return not_understood(endpoint);
        std::ranges::copy(*orders, std::back_inserter(found));
    }
    co_return found;
}

void add(std::vector<ListedOrder>& all, std::vector<ListedOrder> more) {
    for (ListedOrder& order : more) {
        const auto known = std::ranges::find(all, order.txid, &ListedOrder::txid);
        if (known == all.end()) {
            all.push_back(std::move(order));
        } else {
            *known = std::move(order);  // the later answer
        }
    }
}

Looked failed(protocol::Error error) {
    return {{}, std::move(error)};
}

Looked unclear() {
    Finding finding;
    finding.unclear = true;
    return {{finding}, std::nullopt};
}

// All orders since the call was sent, each once; `hidden`: trades name an order that Kraken does not show
// yet.
struct RecentOrders {
    std::vector<ListedOrder> orders;
    bool hidden = false;
};

awaitable<Result<RecentOrders>> recent_orders(
    const Sought& sought, bool decides, const AskKraken& ask, const Settlement::OtherCalls& others
) {
    RecentOrders recent;
    auto open = co_await orders_in("OpenOrders", "open", filter_of(sought), {}, ask);
    if (!open) co_return std::unexpected(open.error());
    add(recent.orders, std::move(*open));
    auto closed = co_await orders_in("ClosedOrders", "closed", filter_of(sought), since(sought), ask);
    if (!closed) co_return std::unexpected(closed.error());
    add(recent.orders, std::move(*closed));
    if (!decides) co_return recent;
    auto traded = co_await traded_orders(sought, ask);
    if (!traded) co_return std::unexpected(traded.error());
    const Claims claims = others();
    std::erase_if(*traded, [&](const std::string& txid) {
        return claims.knows(txid) ||
               std::ranges::find(recent.orders, txid, &ListedOrder::txid) != recent.orders.end();
    });
    if (traded->empty()) co_return recent;
    auto queried = co_await query_orders(*traded, ask);
    // Kraken names no order that it does not show, and says so of a list as a whole.
    const bool not_shown = !queried && queried.error().code == ErrorCode::order;
    if (!queried && !not_shown) co_return std::unexpected(queried.error());
    recent.hidden = not_shown || queried->size() < traded->size();
    if (queried) add(recent.orders, std::move(*queried));
    co_return recent;
}

awaitable<Looked> look_up_orders(
    const Sought& sought, bool decides, const AskKraken& ask, const Settlement::OtherCalls& others
) {
    auto recent = co_await recent_orders(sought, decides, ask, others);
    if (!recent) co_return failed(std::move(recent.error()));
    std::vector<Finding> findings = find_orders(sought, recent->orders, others());
    for (Finding& finding : findings)
        if (recent->hidden && finding.traces.empty()) finding.unclear = finding.hidden = true;
    co_return Looked{std::move(findings), std::nullopt};
}

awaitable<Looked> look_up_edit(
    const Sought& sought, bool decides, const AskKraken& ask, const Settlement::OtherCalls& others
) {
    auto recent = co_await recent_orders(sought, decides, ask, others);
    if (!recent) co_return failed(std::move(recent.error()));
    co_return Looked{find_edit(sought, recent->orders, others()), std::nullopt};
}

// OrderAmends wants the order's own id.
awaitable<Looked> look_up_amend(
    const Sought& sought, const AskKraken& ask, const Settlement::OtherCalls& others
) {
    std::string txid = sought.txid;
    if (txid.empty()) {
        const std::string filter = fmt::format(R"({{"cl_ord_id":{}}})", quote(sought.order.value));
        auto orders = co_await orders_in("OpenOrders", "open", filter, {}, ask);
        if (!orders) co_return failed(std::move(orders.error()));
        if (orders->size() != 1) co_return unclear();
        txid = orders->front().txid;
    }
    const auto json = fmt::format(R"({{"order_id":{}}})", quote(txid));
    const protocol::Endpoint& endpoint = endpoint_named("OrderAmends");
    const auto answer = co_await ask(endpoint, parameters_of(json), std::nullopt);
    if (!answer && answer.error().code == ErrorCode::order)
        co_return unclear();  // Kraken does not show it now
    if (!answer) co_return failed(answer.error());
    auto findings = find_amend(sought, *answer, others());
    if (!findings) co_return failed(not_understood(endpoint).error());
    co_return Looked{std::move(*findings), std::nullopt};
}

awaitable<Looked> look_up_movement(
    const Sought& sought, const AskKraken& ask, const Settlement::OtherCalls& others
) {
    const auto json = fmt::format(R"({{"asset":{}}})", quote(sought.asset));
    const protocol::Endpoint& endpoint = endpoint_named("WithdrawStatus");
    const auto answer = co_await ask(endpoint, parameters_of(json), std::nullopt);
    if (!answer) co_return failed(answer.error());
    auto findings = find_movement(sought, *answer, others());
    if (!findings) co_return failed(not_understood(endpoint).error());
    co_return Looked{std::move(*findings), std::nullopt};
}

}  // namespace

awaitable<Looked> look_up(
    const Sought& sought, bool decides, const AskKraken& ask, const Settlement::OtherCalls& others
) {
    switch (sought.kind) {
        case Sought::Kind::orders:
            return look_up_orders(sought, decides, ask, others);
        case Sought::Kind::edit:
            return look_up_edit(sought, decides, ask, others);
        case Sought::Kind::amend:
            return look_up_amend(sought, ask, others);
        case Sought::Kind::movement:
            return look_up_movement(sought, ask, others);
        case Sought::Kind::validation:
        case Sought::Kind::nothing:
            break;
    }
    std::unreachable();  // the machine wants no look-up where there is nothing to see
}

}  // namespace krakken::account
