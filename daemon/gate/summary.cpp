#include "gate/summary.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace krakken::gate {

std::string summary(const Backend& backend) {
    const auto state = backend.keeper.state();
    if (state == keeper::VaultState::uninitialized) return "no vault yet; run: krakkenctl setup";
    if (state == keeper::VaultState::locked) return "locked; run: krakkenctl unlock";
    const auto accounts = backend.accounts.list();
    const auto ready = std::ranges::count_if(accounts, [](const auto& account) {
        return account->state() == account::AccountState::ready;
    });
    return fmt::format("unlocked, {} of {} accounts ready", ready, accounts.size());
}

}  // namespace krakken::gate
