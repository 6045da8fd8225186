// Candles, books, trades and spreads: the synthetic market seen from outside, with clients' resting orders in
// the book.

#include <algorithm>
#include <map>

#include "tests/exchange/venue/dice.hpp"
#include "tests/exchange/venue/json_text.hpp"
#include "tests/exchange/venue/public_data.hpp"

namespace exchange {
namespace {

using std::chrono::seconds;

constexpr std::int64_t most_candles = 720;
constexpr std::int64_t most_trades = 1000;
constexpr std::int64_t spread_rows = 200;
constexpr std::int64_t first_trade_second = 1'500'000'000;  // trade ids count from here, one trade a second
constexpr std::int64_t latest_second = 4'000'000'000;       // beyond it a number is a cursor in nanoseconds
constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

int places(const Pair& pair) {
    return std::max(5, pair.price_decimals);
}

const Pair& public_pair(Request& request) {
    const auto asset_class = request.args.one_of("asset_class", {"forex", "tokenized_asset"});
    const auto name = request.args.needed("pair");
    // There are no tokenized assets here.
    if (asset_class == "tokenized_asset") refuse("EQuery:Unknown asset pair");
    return known_pair(name);
}

void done(Desk& desk, Request& request) {
    request.args.done(desk.settings.refuse_unknown_parameters);
}

struct BookOrder {
    std::string id;
    Amount price;
    Amount volume;
    Time time;
};

// One side, best first: the market's levels and the clients' orders among them.
std::vector<BookOrder> side_orders(const Desk& desk, const Pair& pair, Side side, int levels, Time now) {
    std::vector<BookOrder> orders;
    for (const Order* order : desk.engine.book(pair, side))
        orders.push_back(
            {order->id,
             order->limit_price,
             order->wish.display_volume.value_or(order->remaining()),
             order->opened}
        );
    const auto better = [&](const BookOrder& a, const BookOrder& b) {
        return side == Side::buy ? a.price > b.price : a.price < b.price;
    };
    constexpr std::string_view signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (int i = 0; i < levels; ++i) {
        const Level level = desk.market.level(pair, opposite(side), i, now);
        const auto salt = mixed({desk.market.seed(), mixed(level.price.show(8)), std::uint64_t(i)});
        Ids names(salt);
        BookOrder order{
            "O" + names.text(5, signs) + "-" + names.text(5, signs) + "-" + names.text(6, signs),
            level.price,
            level.volume,
            now - seconds(salt % 600),
        };
        orders.insert(std::ranges::upper_bound(orders, order, better), order);
    }
    return orders;
}

// Price levels, best first.
std::vector<BookOrder> side_levels(
    const Desk& desk, const Pair& pair, Side side, std::size_t count, Amount step, Time now
) {
    std::vector<BookOrder> levels;
    for (auto& order : side_orders(desk, pair, side, int(count), now)) {
        Amount price = order.price.down_to(step);
        if (side == Side::sell && price != order.price) price += step;
        if (!levels.empty() && levels.back().price == price) {
            levels.back().volume += order.volume;
            levels.back().time = std::max(levels.back().time, order.time);
            continue;
        }
        order.price = price;
        levels.push_back(std::move(order));
    }
    levels.resize(std::min(levels.size(), count));
    return levels;
}

std::string depth_rows(const std::vector<BookOrder>& levels, const Pair& pair) {
    JsonArray rows;
    for (const auto& level : levels)
        rows.raw(JsonArray()
                     .text(level.price.show(places(pair)))
                     .text(level.volume.show(3))
                     .raw(std::to_string(unix_seconds(level.time)))
                     .done());
    return rows.done();
}

std::string quantity_rows(const std::vector<BookOrder>& levels, const Pair& pair) {
    JsonArray rows;
    for (const auto& level : levels)
        rows.raw(JsonObject()
                     .text("price", level.price.show(pair.price_decimals))
                     .text("qty", level.volume.show(pair.volume_decimals))
                     .done());
    return rows.done();
}

std::string order_rows(const std::vector<BookOrder>& orders, const Pair& pair, std::size_t count) {
    JsonArray rows;
    for (std::size_t i = 0; i < std::min(count, orders.size()); ++i)
        rows.raw(JsonObject()
                     .text("price", orders[i].price.show(pair.price_decimals))
                     .text("qty", orders[i].volume.show(pair.volume_decimals))
                     .text("order_id", orders[i].id)
                     .number("timestamp", orders[i].time.time_since_epoch().count())
                     .done());
    return rows.done();
}

// The market's trade of that second.
struct PublicTrade {
    Time time;
    Amount price;
    Amount volume;
    bool buys;
    bool market;
    std::int64_t id;
};

PublicTrade trade_at(const Market& market, const Pair& pair, std::int64_t second) {
    const auto roll = mixed({market.seed(), mixed(pair.id), std::uint64_t(second)});
    const Time time = Time(seconds(second)) + std::chrono::nanoseconds(roll % 999'999'000);
    return {
        time,
        market.last(pair, time),
        market.shown_volume(pair, std::uint64_t(second)),
        roll % 2 == 0,
        roll % 5 == 0,
        second - first_trade_second,
    };
}

// Trades after `since` (or the newest), ascending, not later than now.
std::vector<PublicTrade> trades_between(
    const Market& market, const Pair& pair, std::optional<Time> since, Time until, std::int64_t count
) {
    std::vector<PublicTrade> found;
    const std::int64_t newest = unix_seconds(until);
    std::int64_t second = std::max(first_trade_second, since ? unix_seconds(*since) : newest - count);
    for (; second <= newest && std::ssize(found) < count; ++second) {
        const auto trade = trade_at(market, pair, second);
        if (trade.time <= until && (!since || trade.time > *since)) found.push_back(trade);
    }
    return found;
}

std::string candle(const Market& market, const Pair& pair, Time start, Time::duration length, Time now) {
    constexpr int samples = 8;
    const Time end = std::min(start + length, now);
    Amount low = market.last(pair, start), high = low, sum;
    for (int i = 0; i <= samples; ++i) {
        const Amount price = market.last(pair, start + (end - start) / samples * i);
        low = std::min(low, price);
        high = std::max(high, price);
        sum += price;
    }
    const auto show = [&](Amount amount) { return amount.show(pair.price_decimals); };
    const auto salt = std::uint64_t(unix_seconds(start));
    return JsonArray()
        .raw(std::to_string(unix_seconds(start)))
        .text(show(market.last(pair, start)))
        .text(show(std::max(high, market.last(pair, end))))
        .text(show(std::min(low, market.last(pair, end))))
        .text(show(market.last(pair, end)))
        .text(show(sum.over(Amount::of_units(samples + 1))))
        .text(market.shown_volume(pair, salt).show(8))
        .raw(std::to_string((end - start) / seconds(1)))
        .done();
}

}  // namespace

std::string ohlc(Desk& desk, Request& request) {
    const Pair& pair = public_pair(request);
    const auto interval =
        request.args.one_of("interval", {"1", "5", "15", "30", "60", "240", "1440", "10080", "21600"})
            .value_or("1");
    const auto since = request.args.whole("since", 0, 100'000'000'000);
    done(desk, request);
    const auto length = std::chrono::minutes(*parse_whole(interval));
    const std::int64_t current = request.now.time_since_epoch() / length;
    std::int64_t first = current - most_candles + 1;
    if (since) first = std::max(first, seconds(*since) / length + 1);
    JsonArray rows;
    for (auto i = std::max<std::int64_t>(0, first); i <= current; ++i)
        rows.raw(candle(desk.market, pair, Time(i * length), length, request.now));
    return JsonObject()
        .raw(pair.id, rows.done())
        .number("last", unix_seconds(Time((current - 1) * length)))
        .done();
}

std::string depth(Desk& desk, Request& request) {
    const Pair& pair = public_pair(request);
    const auto count = std::size_t(request.args.whole("count", 1, 500).value_or(100));
    done(desk, request);
    const auto rows = [&](Side side) {
        return depth_rows(side_levels(desk, pair, side, count, pair.tick, request.now), pair);
    };
    JsonObject book;
    book.raw("asks", rows(Side::sell)).raw("bids", rows(Side::buy));
    return JsonObject().raw(pair.id, book.done()).done();
}

std::string grouped_book(Desk& desk, Request& request) {
    const Pair& pair = public_pair(request);
    const auto depth_text = request.args.one_of("depth", {"10", "25", "100", "250", "1000"}).value_or("10");
    const auto grouping =
        request.args.one_of("grouping", {"1", "5", "10", "25", "50", "100", "250", "500", "1000"})
            .value_or("1");
    done(desk, request);
    const auto count = std::size_t(*parse_whole(depth_text));
    const Amount step = pair.tick.times(Amount::of(grouping));
    const auto rows = [&](Side side) {
        return quantity_rows(side_levels(desk, pair, side, count, step, request.now), pair);
    };
    JsonObject book;
    book.text("pair", pair.wsname).raw("grouping", grouping);
    return book.raw("bids", rows(Side::buy)).raw("asks", rows(Side::sell)).done();
}

std::string level3(Desk& desk, Request& request) {
    const Pair& pair = known_pair(request.args.needed("pair"));
    const auto depth_text =
        request.args.one_of("depth", {"0", "10", "25", "100", "250", "1000"}).value_or("100");
    done(desk, request);
    const auto wanted = std::size_t(*parse_whole(depth_text));
    const std::size_t count = wanted == 0 ? 1000 : wanted;
    const auto rows = [&](Side side) {
        return order_rows(side_orders(desk, pair, side, int(count), request.now), pair, count);
    };
    JsonObject book;
    book.text("pair", pair.wsname).raw("bids", rows(Side::buy)).raw("asks", rows(Side::sell));
    return book.done();
}

std::string recent_trades(Desk& desk, Request& request) {
    const Pair& pair = public_pair(request);
    const auto count = request.args.whole("count", 1, most_trades).value_or(most_trades);
    std::optional<Time> since;
    if (const auto text = request.args.text("since")) {
        // Seconds, or the nanosecond cursor that "last" gives.
        const auto whole = parse_whole(*text);
        if (!whole || *whole < 0) refuse_argument("since");
        const bool cursor = *whole > latest_second;
        since = Time(std::chrono::nanoseconds(cursor ? *whole : *whole * nanoseconds_per_second));
    }
    done(desk, request);
    const auto found = trades_between(desk.market, pair, since, request.now, count);
    JsonArray rows;
    for (const auto& trade : found)
        rows.raw(JsonArray()
                     .text(trade.price.show(places(pair)))
                     .text(trade.volume.show(8))
                     .raw(seconds_text(trade.time) + "001")
                     .text(trade.buys ? "b" : "s")
                     .text(trade.market ? "m" : "l")
                     .text("")
                     .raw(std::to_string(trade.id))
                     .done());
    const Time last = found.empty() ? since.value_or(request.now) : found.back().time;
    return JsonObject()
        .raw(pair.id, rows.done())
        .text("last", std::to_string(last.time_since_epoch().count()))
        .done();
}

std::string recent_spread(Desk& desk, Request& request) {
    const Pair& pair = public_pair(request);
    const auto since = request.args.whole("since", 0, 100'000'000'000);
    done(desk, request);
    const std::int64_t newest = unix_seconds(request.now);
    const std::int64_t first = std::max(newest - spread_rows + 1, since.value_or(0));
    JsonArray rows;
    for (std::int64_t second = std::max<std::int64_t>(0, first); second <= newest; ++second) {
        const Time time{seconds(second)};
        rows.raw(JsonArray()
                     .raw(std::to_string(second))
                     .text(desk.market.bid(pair, time).show(places(pair)))
                     .text(desk.market.ask(pair, time).show(places(pair)))
                     .done());
    }
    return JsonObject().raw(pair.id, rows.done()).number("last", newest).done();
}

std::string pre_trade(Desk& desk, Request& request) {
    constexpr std::size_t levels = 10;
    const Pair& pair = known_pair(request.args.needed("symbol"));
    done(desk, request);
    const auto rows = [&](Side side) {
        return quantity_rows(side_levels(desk, pair, side, levels, pair.tick, request.now), pair);
    };
    JsonObject book;
    book.text("symbol", pair.wsname).text("quote_asset", pair.quote->altname);
    return book.raw("bids", rows(Side::buy)).raw("asks", rows(Side::sell)).done();
}

std::string post_trade(Desk& desk, Request& request) {
    const Pair& pair = known_pair(request.args.text("symbol").value_or("BTC/USD"));
    const auto bound = [&](std::string_view name) -> std::optional<Time> {
        const auto text = request.args.text(name);
        if (!text) return {};
        const auto time = parse_rfc3339(*text);
        if (!time) refuse_argument(name);
        return time;
    };
    const auto from = bound("from");
    const auto to = bound("to");
    const auto count = request.args.whole("count", 1, most_trades).value_or(most_trades);
    done(desk, request);
    const auto found =
        trades_between(desk.market, pair, from, std::min(to.value_or(request.now), request.now), count);
    JsonArray rows;
    for (const auto& trade : found)
        rows.raw(JsonObject()
                     .text("trade_id", std::to_string(trade.id))
                     .text("price", trade.price.show(pair.price_decimals))
                     .text("quantity", trade.volume.show(pair.volume_decimals))
                     .text("symbol", pair.wsname)
                     .text("trade_ts", rfc3339_text(trade.time))
                     .done());
    JsonObject result;
    result.text("last_ts", rfc3339_text(found.empty() ? request.now : found.back().time));
    return result.number("count", std::ssize(found)).raw("trades", rows.done()).done();
}

}  // namespace exchange
