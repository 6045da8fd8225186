#include "metrics.hpp"

#include "protocol/version.hpp"

#include <fmt/format.h>
#include <chrono>
#include <string_view>

namespace krakken::gate {

using account::Account;

namespace {

std::string one(std::string_view name, std::string_view kind, std::string_view help, std::size_t value) {
    return fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n{0} {3}\n", name, kind, help, value);
}

using Accounts = std::vector<std::shared_ptr<account::Account>>;

template <class Value>
std::string of_each(
    const Accounts& accounts, std::string_view name, std::string_view kind, std::string_view help, Value value
) {
    std::string text = fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, kind, help);
    for (const auto& account : accounts) {
        text += fmt::format(
            "{}{{account=\"{}\"}} {}\n",
            name,
            account->info().account.text(),
            static_cast<std::size_t>(value(*account))
        );
    }
    return text;
}

}  // namespace

std::string metrics(const Backend& backend, const Counts& counts) {
    const auto uptime =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - backend.started);
    Accounts accounts = backend.accounts.list();
    std::erase_if(accounts, [&counts](const auto& each) { return !counts(each->info().account); });
    const bool unlocked = backend.keeper.state() == keeper::VaultState::unlocked;
    std::string text = fmt::format(
        "# HELP krakkend_info The version that runs.\n# TYPE krakkend_info gauge\n"
        "krakkend_info{{version=\"{}\"}} 1\n",
        protocol::version
    );
    text +=
        one("krakkend_uptime_seconds", "gauge", "Since the start.", static_cast<std::size_t>(uptime.count()));
    text += one("krakkend_unlocked", "gauge", "1 while the vault is open.", unlocked);
    text += one("krakkend_clients", "gauge", "Connections to both sockets.", backend.clients());
    text += of_each(
        accounts,
        "krakkend_account_ready",
        "gauge",
        "1 while a key serves.",
        [](const Account& each) { return each.state() == account::AccountState::ready; }
    );
    text += of_each(
        accounts,
        "krakkend_calls_total",
        "counter",
        "Private calls of clients.",
        [](const Account& each) { return each.calls(); }
    );
    text += of_each(
        accounts,
        "krakkend_call_errors_total",
        "counter",
        "Those that failed.",
        [](const Account& each) { return each.errors(); }
    );
    text += of_each(
        accounts,
        "krakkend_waiting",
        "gauge",
        "Calls that wait for their turn.",
        [](const Account& each) {
            const auto waiting = each.waiting();
            return waiting.cancels + waiting.placements + waiting.reads;
        }
    );
    text += of_each(
        accounts,
        "krakkend_settling",
        "gauge",
        "Lost calls that are looked for.",
        [](const Account& each) { return each.placements().settling(); }
    );
    return text;
}

}  // namespace krakken::gate
