#pragma once

// The matching engine: takes orders in, fills them against the market and each other, and ends them.
// Time moves only through advance(); nothing here waits.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/exchange/venue/books.hpp"
#include "tests/exchange/venue/counters.hpp"
#include "tests/exchange/venue/dice.hpp"
#include "tests/exchange/venue/market.hpp"
#include "tests/exchange/venue/order.hpp"
#include "tests/exchange/venue/positions.hpp"
#include "tests/exchange/venue/settings.hpp"

namespace exchange {

// Changes to an order; what is absent stays.
struct AmendWish {
    std::optional<Amount> volume;
    std::optional<Amount> display_volume;
    std::optional<PriceWish> limit_price;
    std::optional<PriceWish> trigger_price;
    bool post_only = false;
};

class Engine {
public:
    Engine(const Settings& settings, const Market& market, Books& books, Ids& ids)
        : settings_(settings), market_(market), books_(books), ids_(ids) {}

    // Everything that happens on its own until then: dead man's switches, expiry, scheduled starts, triggers,
    // fills. A clock that was moved back makes nothing happen.
    void advance(Time now);

    // Takes a drafted order; refuses for funds, limits, a taken cl_ord_id or a crossing post-only order.
    const Order& place(Order draft, Time now);
    void cancel(Order& order, std::string reason, Time now);
    // Cancels the old order and places the new one; when that is refused the old one stays as it was.
    const Order& replace(Order& old, Order draft, Time now);
    // The amend's id. Refuses what cannot be changed.
    std::string amend(Order& order, const AmendWish& wish, Time now);
    // Sets the dead man's switch of an account, or disarms it.
    void cancel_all_after(const std::string& account, std::optional<Time> when);

    Order* find(const std::string& account, const std::string& order_id);
    // Living orders of an account, oldest first.
    std::vector<Order*> living(const std::string& account);
    // All orders of an account ever, oldest first.
    std::vector<const Order*> all(const std::string& account) const;
    std::vector<const Trade*> trades(const std::string& account) const;
    const Trade* trade(const std::string& account, const std::string& trade_id) const;
    const Positions& positions() const { return positions_; }
    // Living orders that the book shows, best price first.
    std::vector<const Order*> book(const Pair& pair, Side side) const;
    // Dollars traded in the last 30 days.
    Amount traded_volume(const std::string& account, Time now) const;
    // Free margin of an account in dollars.
    Amount free_margin(const std::string& account, Time now) const;
    // Orders that were accepted, whatever became of them.
    std::size_t orders_executed(const std::string& account) const;

    TradingCounter& counter() { return counter_; }

    // Holds must be the sum over living orders.
    std::vector<std::string> audit() const;

private:
    struct Step {
        Amount price;
        Amount volume;
        Order* maker = nullptr;     // null: the market outside
        bool cancel_maker = false;  // self trade: the resting order goes instead of a fill
    };
    struct Plan {
        std::vector<Step> steps;
        Amount volume;
        Amount cost;
        bool stop = false;  // the rest of the order must not wait in the book
        std::string stop_reason;
    };

    // engine.cpp: acceptance and life
    void check_place(const Order& draft) const;
    void charge_post_only_reject(const Order& order, Time now);
    void check_margin(const Order& draft, Time now) const;
    Order& store(Order draft);
    void finish(Order& order, OrderStatus status, std::string reason, Time now);
    void reserve(Order& order);
    void release(Order& order);
    Amount needed(const Order& order, Amount cost, Amount volume) const;
    const std::string& paying_asset(const Order& order) const;
    void choose_fee_side(Order& order, Amount cost);
    const Order& settle_position(Order draft, Time now);
    Amount expected_price(const Order& order) const;

    // engine_amend.cpp: changes
    void check_amend(const Order& order, const AmendWish& wish) const;
    Order amended(const Order& order, const AmendWish& wish, Time now) const;
    void record_amend(Order& order, bool post_only, Time now);

    // engine_time.cpp: what time brings
    Time next_event(Time after, Time until, Time::duration step, Time::duration stride) const;
    void happen(Time now, bool new_price);
    bool trades_now(const Pair& pair) const;
    void start_pending(Order& order, Time now);
    void sweep(Order& order, Time now);
    bool trigger_reached(Order& order, Time now);
    void trigger(Order& order, Time now);

    // matching.cpp: fills
    Plan plan(const Order& order, Time now);
    // Volume that can be had of one level or in one price step: at most Settings::fill_slice.
    Amount slice(Amount wanted) const;
    // What planning does about a meeting with the same account's order; false: it ends here.
    bool plan_self_trade(const Order& order, Order& resting, Plan& plan) const;
    Order* best_resting(const Order& taker, const std::vector<Order*>& passed);
    bool crosses(const Order& order, Time now);
    bool affordable(const Order& order, const Plan& plan) const;
    void run(Order& order, Time now);
    void fill(Order& order, Amount price, Amount volume, bool maker, Time now);
    void settle_spot(Order& order, Trade& trade, Amount base_fee, Amount quote_fee);
    void settle_margin(Order& order, Trade& trade, Amount quote_fee, bool held);
    void spawn_close(const Order& order, Amount volume, Time now);

    const Settings& settings_;
    const Market& market_;
    Books& books_;
    Ids& ids_;
    TradingCounter counter_;
    Positions positions_;
    std::deque<Order> orders_;  // all, oldest first; never moved, so pointers stay good
    std::vector<Order*> living_;
    std::unordered_map<std::string, Order*> by_id_;
    std::deque<Trade> trades_;
    std::unordered_map<std::string, const Trade*> trade_by_id_;
    std::map<std::string, Time> dead_men_;
    Time clock_;
};

}  // namespace exchange
