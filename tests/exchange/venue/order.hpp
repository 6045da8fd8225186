#pragma once

// What an order is, from the words of a request to the record that stays when it is over.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/exchange/call.hpp"
#include "tests/exchange/venue/market.hpp"
#include "tests/exchange/venue/money.hpp"
#include "tests/exchange/venue/pairs.hpp"

namespace exchange {

enum class OrderKind {
    market,
    limit,
    iceberg,
    stop_loss,
    take_profit,
    stop_loss_limit,
    take_profit_limit,
    trailing_stop,
    trailing_stop_limit,
    settle_position,
};

std::string_view kind_name(OrderKind kind);
std::optional<OrderKind> kind_called(std::string_view name);

constexpr std::string_view side_name(Side side) {
    return side == Side::buy ? "buy" : "sell";
}

// Waits for a trigger price before it does anything.
bool has_trigger(OrderKind kind);
bool is_trailing(OrderKind kind);
// Has a limit price, at once or after its trigger.
bool has_limit(OrderKind kind);

// A price as the client may write it: "27500.0", "+5%", "#12.5".
struct PriceWish {
    char prefix = 0;  // '+', '-', '#', or none
    bool percent = false;
    Amount value;
    bool relative() const { return prefix != 0 || percent; }
};

struct CloseWish {
    OrderKind kind = OrderKind::limit;
    std::optional<PriceWish> price;
    std::optional<PriceWish> price2;
};

enum class SelfTrade { cancel_newest, cancel_oldest, cancel_both };
enum class Lasting { gtc, ioc, gtd, fok };

// One new order whose words are in order by themselves; the rules of pair, market and account are not checked
// yet.
struct OrderWish {
    OrderKind kind = OrderKind::limit;
    Side side = Side::buy;
    Amount volume;  // zero only to close or settle a position
    std::optional<PriceWish> price;
    std::optional<PriceWish> price2;
    std::string trigger = "last";
    int leverage = 0;
    bool reduce_only = false;
    SelfTrade self_trade = SelfTrade::cancel_newest;
    bool post_only = false;
    bool volume_in_quote = false;
    std::optional<bool> fee_in_base;  // as asked; else by side
    Lasting lasting = Lasting::gtc;
    std::optional<Time> start;
    std::optional<Time> expire;
    std::optional<std::int32_t> userref;
    std::string cl_ord_id;
    std::string sender_sub_id;
    std::optional<Amount> display_volume;
    std::optional<CloseWish> close;
};

enum class OrderStatus { pending, open, closed, canceled, expired };
std::string_view status_name(OrderStatus status);

struct Amend {
    std::string id;
    std::string type;  // original, user
    Amount volume;
    std::optional<Amount> display_volume;
    Amount remaining;
    Amount limit_price;
    Amount trigger_price;
    bool post_only;
    Time time;
};

struct Order {
    std::string id;
    std::size_t sequence = 0;  // order of acceptance in the whole venue
    std::string account;
    Tier tier;
    std::string refid;  // order whose conditional close this is
    const Pair* pair;
    OrderWish wish;

    OrderStatus status = OrderStatus::open;
    Amount volume;  // base; of a viqc order what its quote amount buys
    Amount filled;
    Amount cost;
    Amount fee;            // in quote
    Amount limit_price;    // zero: none
    Amount trigger_price;  // zero: none
    bool triggered = false;
    Amount extreme;  // best last price a trailing stop has seen
    bool fee_in_base = false;
    FeeTier fees;  // fixed when placed, so that what is held always suffices

    Time opened;
    Time changed;  // placed or last amended: the age of the rate counter
    std::optional<Time> ended;
    std::string reason;
    bool amended = false;
    bool touched = false;

    std::string held_asset;
    Amount held;
    std::vector<std::string> trades;
    std::vector<Amend> amends;

    bool alive() const { return status == OrderStatus::open || status == OrderStatus::pending; }
    Amount remaining() const { return volume - filled; }
    // In the book, or ready to meet it.
    bool active() const { return status == OrderStatus::open && (!has_trigger(wish.kind) || triggered); }
};

struct Trade {
    std::string id;
    std::string order;
    std::string account;
    std::string position;  // the one it opened, or empty
    const Pair* pair;
    Side side;
    OrderKind kind;
    Time time;
    Amount price;
    Amount cost;
    Amount fee;  // in quote
    Amount volume;
    Amount dollars;  // cost, for the 30-day volume
    Amount margin;
    int leverage = 0;
    std::int64_t number = 0;
    bool maker = false;
    std::string misc;
    std::vector<std::string> ledgers;
};

// "buy 1.25000000 XBTUSD @ limit 27500.0", and the same for a conditional close.
std::string describe(const Order& order);
std::string describe_close(const Order& order);
std::string price_text(const Pair& pair, const std::optional<PriceWish>& wish, Amount resolved);
std::string flags_text(const Order& order);

}  // namespace exchange
