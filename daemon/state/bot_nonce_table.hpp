#pragma once

// The table of bots' nonces. Runs on the writer's thread, inside its transaction; errors are thrown as
// SqliteError.

#include "sqlite.hpp"
#include "state/bot_nonces.hpp"

#include <vector>

namespace krakken::state {

class BotNonceTable {
public:
    explicit BotNonceTable(Database& database);

    // Keeps the higher one, of each key and number of digits.
    void raise(const BotNonce& used);
    std::vector<BotNonce> list();

private:
    Statement raise_;
    Statement list_;
};

}  // namespace krakken::state
