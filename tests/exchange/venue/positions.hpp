#pragma once

// Open margin positions, closed first in, first out by opposite margin trades. Gains and losses are booked in
// the quote asset when they are realised; there is no rollover fee and no liquidation.

#include <deque>
#include <string>
#include <vector>

#include "tests/exchange/venue/order.hpp"

namespace exchange {

struct Position {
    std::string id;  // of the trade that opened it
    std::string order;
    std::string account;
    const Pair* pair;
    Side side;
    OrderKind kind;
    Time time;
    Amount cost;
    Amount fee;
    Amount volume;
    Amount closed_volume;
    Amount margin;  // in quote
    int leverage;
    std::string flags;

    Amount open_volume() const { return volume - closed_volume; }
    Amount open_cost() const { return cost.times(open_volume()).over(volume); }
    Amount open_margin() const { return margin.times(open_volume()).over(volume); }
};

class Positions {
public:
    // Volume of the open positions that `side` would close.
    Amount closable(const std::string& account, const Pair& pair, Side side) const;
    // Closes up to `volume` of them; adds the gain in quote to `gain` and says how much was closed.
    Amount close(
        const std::string& account, const Pair& pair, Side side, Amount volume, Amount price, Amount& gain
    );
    void open(Position position) { all_.push_back(std::move(position)); }
    std::vector<const Position*> open_of(const std::string& account) const;

private:
    std::deque<Position> all_;
};

}  // namespace exchange
