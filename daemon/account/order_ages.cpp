#include "account/order_ages.hpp"

#include <algorithm>
#include <utility>

namespace krakken::account {

void OrderAges::remember(Order order) {
    if (const auto known = by_txid_.find(order.txid); known != by_txid_.end()) {
        const auto place = known->second;
        by_txid_.erase(known);
        orders_.erase(place);
    }
    orders_.push_back(std::move(order));
    by_txid_.emplace(orders_.back().txid, std::prev(orders_.end()));
    if (orders_.size() <= kept) return;
    unknown_before_ = std::max(unknown_before_, orders_.front().changed);
    by_txid_.erase(orders_.front().txid);
    orders_.pop_front();
}

std::vector<OrderAges::Order> OrderAges::find(const OrderName& name) const {
    if (name.kind == OrderName::Kind::txid) {
        const auto known = by_txid_.find(name.text);
        return known == by_txid_.end() ? std::vector<Order>() : std::vector<Order>{*known->second};
    }
    std::vector<Order> found;
    const auto member = name.kind == OrderName::Kind::cl_ord_id ? &Order::cl_ord_id : &Order::userref;
    std::ranges::copy_if(orders_, std::back_inserter(found), [&](const Order& order) {
        return order.*member == name.text;
    });
    return found;
}

}  // namespace krakken::account
