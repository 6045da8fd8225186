#pragma once

// The audit: who had what done, and what became of it, as rows that can only be added. Never the parameters
// of a call, never a secret.

#include "base/caller.hpp"
#include "base/types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace krakken::state {

struct AuditEntry {
    base::Time at;
    base::Caller caller;
    std::string what;  // Kraken's name of an endpoint, a method of the admin socket, connect.client, ...
    std::string account = {};
    std::string key = {};     // 8 hex digits
    std::uint64_t nonce = 0;  // 0: none, or not known
    std::string call_id = {};
    std::string ids = {};  // Kraken's, of what came of it, with commas between them
    std::string outcome;   // ok, an error's category, or where an intent stands
};

// The name of the row behind which older ones were removed. Its `ids`: the last removed row's number and
// hash.
inline constexpr std::string_view audit_checkpoint = "audit.checkpoint";

struct AuditRow {
    std::int64_t number;  // rising by one
    AuditEntry entry;
    std::string hash;  // of this row and the hash of the one before, see audit_chain.hpp
};

// One place in the chain; as it stands here the one before the first row.
struct AuditMark {
    std::int64_t row = 0;
    std::string hash = std::string(64, '0');
};

struct AuditQuery {
    std::string account = {};                // empty: everybody's
    std::optional<std::int64_t> after = {};  // rows behind this one; without it the last ones
    std::size_t limit = 100;
};

struct AuditVerdict {
    std::int64_t rows = 0;                       // that follow one from the other, from the first on
    std::int64_t first = 0;                      // there is; 0: none
    AuditMark head;                              // the last row that the daemon knows of
    std::optional<std::int64_t> broken_at = {};  // the first row that is missing or does not follow
};

struct AuditSettings {
    std::int64_t kept = 200'000;  // rows; tests take fewer
};

}  // namespace krakken::state
