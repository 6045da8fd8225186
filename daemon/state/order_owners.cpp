#include "order_owners.hpp"

#include <algorithm>
#include <cstdint>

namespace krakken::state {

namespace {

constexpr std::int64_t most_orders = 1'000'000;

}  // namespace

OrderOwners::OrderOwners(Database& database)
    : add_(database.prepare("INSERT OR REPLACE INTO order_owner (txid, client) VALUES (?1, ?2)")),
      forget_(
          database.prepare("DELETE FROM order_owner WHERE rowid <= (SELECT max(rowid) FROM order_owner) - ?1")
      ),
      find_(database.prepare("SELECT 1 FROM order_owner WHERE txid = ?1 AND client = ?2")) {}

void OrderOwners::add(const std::string& txids, const std::string& client) {
    for (std::size_t begin = 0; begin < txids.size();) {
        const std::size_t end = std::min(txids.find(',', begin), txids.size());
        add_.reset();
        add_.bind(1, txids.substr(begin, end - begin));
        add_.bind(2, client);
        add_.step();
        add_.reset();
        begin = end + 1;
    }
    forget_.reset();
    forget_.bind(1, most_orders);
    forget_.step();
    forget_.reset();
}

std::vector<std::string> OrderOwners::owned(
    const std::vector<std::string>& txids, const std::string& client
) {
    std::vector<std::string> found;
    for (const std::string& txid : txids) {
        find_.reset();
        find_.bind(1, txid);
        find_.bind(2, client);
        if (find_.step()) found.push_back(txid);
    }
    find_.reset();
    return found;
}

}  // namespace krakken::state
