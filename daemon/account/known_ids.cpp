#include "account/known_ids.hpp"

#include <utility>

namespace krakken::account {

void KnownIds::add(std::string id) {
    if (ids_.contains(id)) return;
    ids_.insert(in_order_.emplace_back(std::move(id)));
    if (in_order_.size() <= kept) return;
    ids_.erase(in_order_.front());
    in_order_.pop_front();
}

}  // namespace krakken::account
