#pragma once

// What would be seen at Kraken if a call was executed: written into its intent before it is sent, and what a
// lost answer is settled by. Values; no I/O.

#include "base/types.hpp"
#include "kraken/parameters.hpp"
#include "protocol/endpoints.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::account {

// The name by which an order can be found again.
struct Tag {
    enum class Kind { none, userref, cl_ord_id };
    Kind kind = Kind::none;
    std::string value = {};  // of a userref: 32 bits with sign, as Kraken shows it
    bool ours = false;       // drawn at random by the daemon, so nobody else's order has it

    friend bool operator==(const Tag&, const Tag&) = default;
};

// One order, as its caller described it; texts that were not given are empty.
struct SoughtOrder {
    Tag tag;
    std::string pair, side, type, volume, price, price2;
};

struct Sought {
    enum class Kind {
        orders,      // AddOrder; AddOrderBatch, a row for each order
        amend,       // AmendOrder: an amendment of `order`
        edit,        // EditOrder: a new order in place of `order`
        movement,    // of funds: an entry in a list of Kraken's
        validation,  // only to be checked: nothing, whatever becomes of the answer
        nothing,     // Kraken shows nothing by which it could be told
    };
    Kind kind = Kind::nothing;
    std::vector<SoughtOrder> rows;
    Tag order;  // the order that is amended or edited, by userref or cl_ord_id; by txid: `txid`
    std::string txid;
    std::string asset, amount, key;      // of a movement
    std::optional<base::Time> deadline;  // Kraken refuses it from then on
    std::optional<base::Time> sent_at;   // by Kraken's clock, where that was known

    // For people and for the contract: `{"userref":17}`, `{"cl_ord_id":"..."}`, or empty.
    std::string tag_text() const;
};

// A userref as Kraken shows it, however it is written; empty when it is no number of 32 bits, which Kraken
// refuses, or 0, which is what Kraken shows where an order has none.
std::string plain_userref(std::string_view text);

// What a call of `endpoint` with exactly these parameters would leave behind. Tags are as given; `deadline`
// is read where there is one.
Sought sought_by(const protocol::Endpoint& endpoint, const kraken::Parameters& parameters);

std::string to_json(const Sought& sought);
// Empty when it is not what to_json writes.
std::optional<Sought> parse_sought(std::string_view json);

}  // namespace krakken::account
