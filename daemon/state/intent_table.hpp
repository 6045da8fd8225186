#pragma once

// The table of intents. Runs on the writer's thread, inside its transaction; errors are thrown as
// SqliteError.

#include "intents.hpp"
#include "sqlite.hpp"

#include <optional>
#include <string>
#include <vector>

namespace krakken::state {

class IntentTable {
public:
    explicit IntentTable(Database& database);

    void open(const Intent& intent);
    // Ends an intent that is open, `unknown` ones too. One that is placed or not placed stays as it is. A
    // freed idempotency key may be used anew, so `not_placed` frees it.
    void end(const IntentEnd& end);
    void cancel_when_found(const std::string& id, bool wanted);
    // By Kraken's time: what has ended by a clock that may have been wrong has ended now; and those that
    // ended placed or not placed longer ago than `kept` are forgotten.
    void forget(base::Time now, std::chrono::hours kept);

    std::optional<Intent> find(const std::string& id);
    std::optional<Intent> find_by_key(
        const std::string& client, const std::string& account, const std::string& idempotency_key
    );
    // Newest first.
    std::vector<Intent> list(const IntentQuery& query);

private:
    Statement open_;
    Statement end_;
    Statement cancel_;
    Statement date_;
    Statement forget_;
    Statement find_;
    Statement find_by_key_;
    Statement list_;
};

}  // namespace krakken::state
