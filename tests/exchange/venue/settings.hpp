#pragma once

// What the sources about Kraken leave open, and what a test wants to choose. Every field may be changed
// between calls.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace exchange {

// Prices and volumes in here are plain decimals; one that is not makes the next call throw
// std::invalid_argument.
struct Settings {
    // Ids, prices, books and addresses follow from it. Read once, when the venue is made.
    std::uint64_t seed = 1;

    // --- parameters ---
    // A parameter that the endpoint does not list: EGeneral:Invalid arguments:<name>, or ignored (Kraken's
    // older word).
    bool refuse_unknown_parameters = true;
    bool accept_sender_sub_id = false;
    bool accept_trading_agreement = false;
    bool accept_iceberg_close = false;  // the reference lists it, the official SDK calls it refused

    // --- time ---
    // How long an order stays out of OpenOrders, ClosedOrders and QueryOrders after it was placed.
    std::chrono::milliseconds order_shown_after{0};
    // Time between receipt and the matching engine; a deadline that lies within it has elapsed.
    std::chrono::milliseconds engine_delay{0};

    // --- order rules ---
    std::string dead_order_text = "EOrder:Unknown order";  // or "EOrder:Invalid order"
    enum class PostOnlyCrossing { refuse, accept_then_cancel };
    PostOnlyCrossing post_only_crossing = PostOnlyCrossing::refuse;
    bool post_only_reject_costs_cancel = false;               // +8 on the trading counter
    std::string unknown_query_text = "EOrder:Invalid order";  // QueryOrders, OrderAmends when no id is known
    std::string volume_minimum_text =
        "EGeneral:Invalid arguments:volume minimum not met";  // or "EOrder:Order minimum not met"
    std::string duplicate_cl_ord_id_text = "EGeneral:Invalid arguments:cl_ord_id";
    std::string edit_not_allowed_text = "EOrder:Invalid order";
    bool disarmed_trigger_time_absent = false;  // else "0"
    bool margin_allowed = true;                 // else EOrder:Cannot open position
    std::set<std::string> index_unavailable;    // pair ids without an index price

    // --- market ---
    // Last prices held still, by pair id; the others move by the seed.
    std::map<std::string, std::string> pinned_prices;
    std::chrono::milliseconds price_step{1000};
    // Base volume behind one price level, and filled per price step of a resting order; empty means without
    // limit.
    std::string fill_slice;
    std::string system_status = "online";  // maintenance, cancel_only, post_only
    std::map<std::string, std::string>
        pair_status;  // by pair id: cancel_only, post_only, limit_only, reduce_only

    // --- account data ---
    enum class FeesWithoutPair { absent, null };
    FeesWithoutPair trade_volume_without_pair = FeesWithoutPair::absent;
    bool credit_lines = false;  // VIP accounts; else null
    std::chrono::milliseconds export_queued{1000};
    std::chrono::milliseconds export_processing{2000};

    // --- money in and out ---
    std::string invalid_withdrawal_address_text = "EFunding:Invalid withdrawal address";
    std::chrono::milliseconds withdrawal_step{20'000
    };  // Initial, Pending, Settled: this long each, then Success
    bool withdrawals_fail = false;             // those made while it is on turn to Failure instead of Settled
    bool new_address_needs_add_funds = false;  // DepositAddresses with new=true
    std::set<std::string> institutional_accounts;  // may use CreateSubaccount and AccountTransfer
    std::chrono::milliseconds earn_operation{5000};
    bool earn_tier_high_enough = true;
};

}  // namespace exchange
