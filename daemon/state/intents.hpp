#pragma once

// What a call that acts once meant to do, written down before its first byte leaves: so that after a crash it
// is known what may have been sent, and nothing is sent twice.

#include "base/caller.hpp"
#include "base/types.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace krakken::state {

enum class IntentState {
    sent,        // it may have been sent, and what became of it is not known yet
    placed,      // executed: `outcome` is what the caller got, or would have got
    not_placed,  // certainly not executed
    unknown,     // nothing more can be found out by the daemon; a person may
};

// As the contract writes them: settling, placed, not_placed, unknown.
std::string_view name(IntentState state);

struct Intent {
    std::string id;            // the call's call_id: it stands in errors, log and audit, too
    std::string client;        // identity of who asked: "uid:1000"
    base::Caller caller = {};  // who that was in full, for the audit
    base::AccountName account;
    base::KeyId key;
    base::Nonce nonce;
    std::string endpoint;  // Kraken's name
    std::string sought;    // JSON: what would be seen at Kraken if it was executed, see account/sought.hpp
    std::string idempotency_key = {};  // the client's; empty: none, or freed because nothing was executed
    std::string arguments_hash = {};   // of what the key was first used with
    std::string notional = {};         // at most, as "100USD", where a limit of its client wanted to know
    base::Time sent_at;                // by the clock that the nonces follow
    IntentState state = IntentState::sent;
    bool cancel_when_found = false;  // a CancelAll has overtaken it
    std::string outcome = {};        // JSON: the result when placed, the error's object when not
    std::string reason = {};         // a person's, where a person settled it
    std::optional<base::Time> settled_at = {};
};

// How an intent ends.
struct IntentEnd {
    std::string id;
    IntentState state;  // not `sent`
    std::string outcome;
    std::string reason = {};
    base::Time settled_at;
    bool dated = true;  // false: Kraken's time is not known, so the clock may be wrong
    // For the audit: Kraken's ids of what was made, with commas between them; and who said how it ended,
    // where a person did.
    std::string ids = {};
    std::optional<base::Caller> said_by = {};
};

struct IntentQuery {
    std::string client = {};   // empty: everybody's
    std::string account = {};  // empty: every account's
    bool open_only = false;    // those in the states `sent` and `unknown`
    std::size_t limit = 1000;
};

}  // namespace krakken::state
