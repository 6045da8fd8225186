#pragma once

// The table of nonce marks. Runs on the writer's thread, inside its transaction; errors are thrown as
// SqliteError.

#include "sqlite.hpp"
#include "state_store.hpp"

#include <optional>

namespace krakken::state {

class NonceMarks {
public:
    explicit NonceMarks(Database& database);

    std::optional<NonceMark> find(const base::KeyId& key);
    // Keeps the higher bound, the finer unit and the proof of the stored and the given mark.
    void raise(const base::KeyId& key, const NonceMark& mark);

private:
    Statement find_;
    Statement raise_;
};

}  // namespace krakken::state
