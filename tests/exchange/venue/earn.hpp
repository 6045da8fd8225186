#pragma once

// Earn strategies and what accounts have allocated to them. Operations are asynchronous: they take effect, or
// fail for want of funds, a while after the call.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/exchange/venue/books.hpp"
#include "tests/exchange/venue/settings.hpp"

namespace exchange {

struct Strategy {
    std::string id;
    std::string asset;
    std::string earn_asset;  // balance id of what is allocated: "DOT.B"
    std::string lock;        // flex, bonded, instant
    std::string apr_low;
    std::string apr_high;
    Amount minimum;
    Amount cap;
    int unbonding_days;
};
const std::vector<Strategy>& strategies();
// EGeneral:Invalid arguments:Invalid strategy ID
const Strategy& known_strategy(const std::string& id);

class Earn {
public:
    Earn(const Settings& settings, Books& books, Ids& ids) : settings_(settings), books_(books), ids_(ids) {}

    void advance(Time now);
    // Refuses what can be seen at once: minimum, cap, another operation under way.
    void start(const std::string& account, const Strategy& strategy, Amount amount, bool allocate, Time now);
    // Refuses with the error of the last operation if that failed.
    bool pending(const std::string& account, const Strategy& strategy, bool allocate) const;
    Amount allocated(const std::string& account, const Strategy& strategy) const;

private:
    struct Operation {
        std::string account;
        const Strategy* strategy;
        Amount amount;
        bool allocate;
        Time ends;
        bool over = false;
        bool failed = false;
    };
    void finish(Operation& operation);

    const Settings& settings_;
    Books& books_;
    Ids& ids_;
    std::deque<Operation> operations_;
};

}  // namespace exchange
