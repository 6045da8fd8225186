#pragma once

// What a call does to orders, as far as the trading engine counts it: read from its parameters, and from the
// answer which orders there are now. Sans-io.

#include "account/order_ages.hpp"
#include "kraken/parameters.hpp"
#include "protocol/endpoints.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace krakken::account {

struct Touch {
    enum class What { nothing, add, add_batch, amend, edit, cancel, cancel_all };
    // A new order by its client's names.
    struct Named {
        std::string cl_ord_id;
        std::string userref;
    };

    What what = What::nothing;
    std::string pair;               // as canonical_pair() writes it; empty: the call does not say
    std::vector<Named> added;       // by add, add_batch and edit
    std::vector<OrderName> orders;  // that amend, edit and cancel mean
    bool post_only = false;         // all of `added`
};

Touch touch_of(const protocol::Endpoint& endpoint, const kraken::Parameters& parameters);

// Kraken's ids of the new orders in a result, one for each of `added`; empty where a row was refused.
std::vector<std::string> new_ids(const Touch& touch, std::string_view result);

}  // namespace krakken::account
