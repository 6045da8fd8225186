#pragma once

// The table of freezes. Runs on the writer's thread, inside its transaction; errors are thrown as
// SqliteError.

#include "sqlite.hpp"
#include "state/freezes.hpp"

#include <vector>

namespace krakken::state {

class FreezeTable {
public:
    explicit FreezeTable(Database& database);

    // In the place of one of the same scope.
    void put(const Freeze& freeze);
    void remove(const std::string& scope);
    std::vector<Freeze> list();

private:
    Statement put_;
    Statement remove_;
    Statement list_;
};

}  // namespace krakken::state
