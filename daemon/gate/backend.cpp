#include "gate/backend.hpp"

#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

namespace krakken::gate {

void Backend::vault_opened() {
    accounts.refresh();
    state_since = clock.now();
    changes.happened();
    base::log(base::LogLevel::info, "vault.unlocked", {{"accounts", accounts.list().size()}});
    check_accounts();
}

void Backend::vault_closed() {
    accounts.refresh();
    state_since = clock.now();
    changes.happened();
    base::log(base::LogLevel::info, "vault.locked");
}

void Backend::check_accounts() {
    boost::asio::co_spawn(executor, accounts.check(), [this](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
        changes.happened();
    });
}

}  // namespace krakken::gate
