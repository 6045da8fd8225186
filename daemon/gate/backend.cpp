#include "gate/backend.hpp"

#include "base/log.hpp"

namespace krakken::gate {

void Backend::vault_opened() {
    accounts.refresh();
    state_since = clock.now();
    changes.happened();
    base::log(base::LogLevel::info, "vault.unlocked", {{"accounts", accounts.list().size()}});
}

void Backend::vault_closed() {
    accounts.refresh();
    state_since = clock.now();
    changes.happened();
    base::log(base::LogLevel::info, "vault.locked");
}

}  // namespace krakken::gate
