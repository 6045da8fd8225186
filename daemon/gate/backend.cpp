#include "gate/backend.hpp"

#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

namespace krakken::gate {

void Backend::vault_opened() {
    grants.refresh();
    accounts.refresh();
    state_since = clock.now();
    changes.happened();
    base::log(base::LogLevel::info, "vault.unlocked", {{"accounts", accounts.list().size()}});
    check_accounts();
}

void Backend::vault_read_anew() {
    grants.refresh();
    accounts.refresh();
}

void Backend::vault_closed() {
    accounts.refresh();
    state_since = clock.now();
    changes.happened();
    base::log(base::LogLevel::info, "vault.locked");
}

// One at a time: two checks of one key would only hold each other up. What came in the meantime may be other
// accounts.
void Backend::check_accounts() {
    if (std::exchange(check, Check::runs) != Check::none) {
        check = Check::runs_again;
        return;
    }
    boost::asio::co_spawn(executor, accounts.check(), [this](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
        changes.happened();
        if (std::exchange(check, Check::none) == Check::runs_again) check_accounts();
    });
}

}  // namespace krakken::gate
