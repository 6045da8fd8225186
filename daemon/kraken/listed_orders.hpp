#pragma once

// Orders as Kraken lists them (OpenOrders, ClosedOrders, QueryOrders), taken apart as far as finding one
// again needs it. Amounts stay text; times are read from their digits.

#include "base/types.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::kraken {

struct ListedOrder {
    std::string txid;
    std::string userref;    // digits; empty: none
    std::string cl_ord_id;  // empty: none
    std::string refid;      // of the order that it came from; empty: none
    bool living = false;    // pending or open
    std::optional<base::Time> opened_at;
    std::string pair, side, type, volume, price, price2;
    // Raw JSON strings, as AddOrder would have answered them; `close` is empty where there is none.
    std::string order, close;
};

// `map` is an object of orders by txid. Empty when it has not the expected shape.
std::optional<std::vector<ListedOrder>> listed_orders(std::string_view map);

// "1688666559.8974", Kraken's time in seconds, down to microseconds. Empty: not such a number, or 0
// ("unset").
std::optional<base::Time> listed_time(std::string_view digits);

// Do two plain decimals ("1.25" and "1.2500") say the same? Empty when one is not plain: relative, a
// percentage.
std::optional<bool> same_decimal(std::string_view one, std::string_view other);

}  // namespace krakken::kraken
