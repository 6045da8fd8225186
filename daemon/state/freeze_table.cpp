#include "freeze_table.hpp"

namespace krakken::state {

FreezeTable::FreezeTable(Database& database)
    : put_(database.prepare("INSERT OR REPLACE INTO freeze (scope, reason, at, uid, pid, program) VALUES "
                            "(?1, ?2, ?3, ?4, ?5, ?6)")),
      remove_(database.prepare("DELETE FROM freeze WHERE scope = ?1")),
      list_(database.prepare("SELECT scope, reason, at, uid, pid, program FROM freeze ORDER BY scope")) {}

void FreezeTable::put(const Freeze& freeze) {
    put_.reset();
    put_.bind(1, freeze.scope);
    put_.bind(2, freeze.reason);
    put_.bind(3, std::int64_t{freeze.at.time_since_epoch().count()});
    put_.bind(4, std::int64_t{freeze.by.uid});
    put_.bind(5, std::int64_t{freeze.by.pid});
    put_.bind(6, freeze.by.program);
    put_.step();
    put_.reset();
}

void FreezeTable::remove(const std::string& scope) {
    remove_.reset();
    remove_.bind(1, scope);
    remove_.step();
    remove_.reset();
}

std::vector<Freeze> FreezeTable::list() {
    list_.reset();
    std::vector<Freeze> all;
    while (list_.step()) {
        all.push_back({
            .scope = list_.text(0),
            .reason = list_.text(1),
            .at = base::Time(std::chrono::microseconds(list_.integer(2))),
            .by = {static_cast<uid_t>(list_.integer(3)), static_cast<pid_t>(list_.integer(4)), list_.text(5)},
        });
    }
    list_.reset();
    return all;
}

}  // namespace krakken::state
