#pragma once

// What finished calls of one account have left at Kraken (orders, amends, movements), by id, so that it is
// not taken for what an open one has. Bounded: the oldest are forgotten. Sans-io.

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace krakken::account {

class KnownIds {
public:
    KnownIds() = default;
    KnownIds(const KnownIds&) = delete;
    KnownIds& operator=(const KnownIds&) = delete;

    void add(std::string id);
    bool contains(std::string_view id) const { return ids_.contains(id); }
    std::size_t size() const { return ids_.size(); }

private:
    // More than Kraken lets anybody place within the minutes that a call may be sought.
    static constexpr std::size_t kept = 10'000;

    std::deque<std::string> in_order_;          // oldest first; its texts stay where they are
    std::unordered_set<std::string_view> ids_;  // of the same
};

}  // namespace krakken::account
