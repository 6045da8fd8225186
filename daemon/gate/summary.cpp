#include "gate/summary.hpp"

#include <fmt/format.h>
#include <string_view>
#include <vector>

namespace krakken::gate {

using account::AccountState;
using keeper::VaultState;

namespace {

// "2 of 2 accounts ready", "1 of 3 accounts ready: bot2 auth_failed, bot3 lockout".
std::string readiness(const Backend& backend, const Counts& counts) {
    auto accounts = backend.accounts.list();
    if (std::erase_if(accounts, [&](const auto& each) { return !counts(each->info().account); }) > 0 &&
        accounts.empty())
        return "no account that may be used here";
    if (accounts.empty()) return "no account yet; run: krakkenctl account add NAME";
    std::size_t ready = 0;
    std::string others;
    for (const auto& account : accounts) {
        if (account->state() == AccountState::ready) {
            ++ready;
        } else {
            const std::string_view separator = others.empty() ? ": " : ", ";
            others += separator;
            others += account->info().account.text();
            others += ' ';
            others += account::name(account->state());
        }
    }
    const std::string_view noun = accounts.size() == 1 ? "account" : "accounts";
    return fmt::format("{} of {} {} ready{}", ready, accounts.size(), noun, others);
}

std::string when_locked(const Backend& backend, const Counts& counts) {
    if (!backend.accounts.list().empty()) {
        return fmt::format(
            "locked, but the environment's accounts serve ({}); run: krakkenctl unlock",
            readiness(backend, counts)
        );
    }
    if (backend.keeper.vault_exists()) return "locked; run: krakkenctl unlock";
    return "locked, and the environment's keys are wiped; restart krakkend with its environment";
}

}  // namespace

std::string summary(const Backend& backend) {
    return summary(backend, [](const base::AccountName&) { return true; });
}

std::string summary(const Backend& backend, const Counts& counts) {
    switch (backend.keeper.state()) {
        case VaultState::uninitialized:
            return "no vault yet; run: krakkenctl setup";
        case VaultState::locked:
            return when_locked(backend, counts);
        case VaultState::unlocked:
            break;
    }
    const std::string_view by =
        backend.keeper.vault_is_open() ? "" : " with the environment's keys, no vault";
    return fmt::format("unlocked{}, {}", by, readiness(backend, counts));
}

}  // namespace krakken::gate
