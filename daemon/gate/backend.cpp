#include "gate/backend.hpp"

#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <system_error>

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

// With keys from the environment the state alone does not tell.
bool Backend::vault_exists() const {
    std::error_code unknown;
    return keeper.vault_is_open() || std::filesystem::exists(keeper.vault_path(), unknown);
}

}  // namespace krakken::gate
