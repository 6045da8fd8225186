#pragma once

// The table of whose orders are whose. Runs on the writer's thread, inside its transaction; errors are thrown
// as SqliteError.

#include "sqlite.hpp"

#include <string>
#include <vector>

namespace krakken::state {

class OrderOwners {
public:
    explicit OrderOwners(Database& database);

    // `txids`: with commas between them. The oldest of a million are forgotten.
    void add(const std::string& txids, const std::string& client);
    // Those of them that are the client's.
    std::vector<std::string> owned(const std::vector<std::string>& txids, const std::string& client);

private:
    Statement add_;
    Statement forget_;
    Statement find_;
};

}  // namespace krakken::state
