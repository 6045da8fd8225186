#pragma once

// How old the orders of an account are, as far as the daemon saw them placed or changed: the trading engine's
// costs depend on it. Bounded: the oldest are forgotten. Sans-io.

#include "account/rate_counter.hpp"

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace krakken::account {

// How a client names orders: by Kraken's id or its own, or by a number that several may share.
struct OrderName {
    enum class Kind { txid, cl_ord_id, userref };
    Kind kind = Kind::txid;
    std::string text;

    bool operator==(const OrderName&) const = default;
};

class OrderAges {
public:
    struct Order {
        std::string txid;
        std::string cl_ord_id;  // empty: none was given; likewise
        std::string userref;
        std::string pair;    // as canonical_pair() writes it
        Elapsed changed{0};  // placed or last amended, at the latest
    };

    // What is not known was there before `begin`.
    explicit OrderAges(Elapsed begin) : unknown_before_(begin) {}

    // Placed or changed; in the order of time.
    void remember(Order order);
    // Orders may be there, as of now, that nothing here knows: a placement's answer was lost.
    void lose_track(Elapsed now) { unknown_before_ = now; }

    // Those that the name may mean; empty: none that is known.
    std::vector<Order> find(const OrderName& name) const;
    // An order that is not known is at least as old as this.
    Elapsed unknown_before() const { return unknown_before_; }
    std::size_t size() const { return orders_.size(); }

private:
    // More than may be open at Kraken at once, by far; and a cancel by name looks at all of them.
    static constexpr std::size_t kept = 2'000;

    std::list<Order> orders_;  // the latest change last
    std::unordered_map<std::string_view, std::list<Order>::iterator> by_txid_;
    Elapsed unknown_before_;
};

}  // namespace krakken::account
