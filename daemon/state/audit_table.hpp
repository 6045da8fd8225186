#pragma once

// The table of audit rows. Runs on the writer's thread, inside its transaction; errors are thrown as
// SqliteError.

#include "audit_chain.hpp"
#include "sqlite.hpp"

#include <vector>

namespace krakken::state {

class AuditTable {
public:
    AuditTable(Database& database, AuditSettings settings);

    // Adds a row to the chain. When there are too many the oldest are removed, behind a checkpoint.
    void append(const AuditEntry& entry);
    // Oldest first.
    std::vector<AuditRow> list(const AuditQuery& query);
    // Goes on with a check, for about as long as other work may be kept waiting.
    void check_some(AuditCheck& check);

    // The last row.
    const AuditMark& head() const { return head_; }

private:
    void add(const AuditEntry& entry);
    void remove_oldest(base::Time at);
    AuditMark removed();

    AuditSettings settings_;
    Statement add_;
    Statement after_;
    Statement last_;
    Statement hash_of_;
    Statement first_row_;
    Statement checkpoint_;
    Statement remove_;
    std::int64_t first_ = 0;  // of the rows there are
    AuditMark head_;
};

}  // namespace krakken::state
