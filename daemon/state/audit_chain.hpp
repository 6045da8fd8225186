#pragma once

// How the rows of the audit hang together, without a database: each has the hash of itself and of the hash of
// the one before, so that a row cannot be changed, taken out or moved without all behind it failing.
//
// Hash: BLAKE2b, 32 bytes, as 64 hex digits, of these texts as netstrings ("3:abc,"), one behind the other:
// "krakkend audit 1", the hash of the row before (of the first row: 64 zeros), row number, time in
// microseconds since 1970, uid, pid, program, what, account, key, nonce, call_id, ids, outcome; numbers in
// decimal.
//
// What it cannot show: who may write the whole file can make a new chain, or take rows off its end. That is
// found only by comparing the last row's hash with one that was noted elsewhere, as in the log.

#include "state/audit.hpp"

#include <string>
#include <string_view>

namespace krakken::state {

std::string chain_hash(std::string_view previous, std::int64_t number, const AuditEntry& entry);

// Looks at the rows in order, as many at a time as is convenient; rows may be added and removed by retention
// in between.
class AuditCheck {
public:
    // Before some rows are read: the first row there is (0: none), and the last one that a checkpoint says
    // was removed.
    void look_from(std::int64_t first, const AuditMark& removed);
    void next(const AuditRow& row);
    // There are no more rows; the last one should have been this.
    void end(const AuditMark& head);

    bool ended() const { return ended_; }
    std::int64_t position() const { return position_.row; }  // the row looked at last
    const AuditVerdict& verdict() const { return verdict_; }

private:
    void broken(std::int64_t row);

    AuditMark position_;
    AuditVerdict verdict_;
    bool ended_ = false;
};

}  // namespace krakken::state
