// The methods that tell how the daemon and its accounts are: status, account.list.

#include "budget_text.hpp"
#include "gate/summary.hpp"
#include "handlers.hpp"
#include "protocol/version.hpp"
#include "showing.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace krakken::gate {

namespace json = boost::json;
using account::Account;

namespace {

std::string_view name_of(keeper::VaultState state) {
    switch (state) {
        case keeper::VaultState::uninitialized:
            return "uninitialized";
        case keeper::VaultState::locked:
            return "locked";
        case keeper::VaultState::unlocked:
            return "unlocked";
    }
    std::unreachable();
}

std::string_view name_of(keeper::Source source) {
    switch (source) {
        case keeper::Source::vault:
            return "vault";
        case keeper::Source::environment:
            return "environment";
    }
    std::unreachable();
}

// Boost.JSON would write 0.973 as 9.73E-1, so the figures for people are written here.
std::string latency_text(const account::Latency& latency) {
    const auto milliseconds = [&latency](double share) {
        return std::chrono::duration<double, std::milli>(latency.percentile(share)).count();
    };
    return fmt::format(R"({{"p50":{:.3f},"p99":{:.3f}}})", milliseconds(0.5), milliseconds(0.99));
}

// With one more member, whose value is JSON already.
std::string extended(std::string object, std::string_view name, std::string_view value) {
    object.pop_back();
    return fmt::format(R"({},"{}":{}}})", object, name, value);
}

std::string extended(const json::object& object, std::string_view name, std::string_view value) {
    return extended(json::serialize(object), name, value);
}

std::string show(const Account& account, account::Elapsed now) {
    json::object shown;
    shown["name"] = account.info().account.text();
    shown["source"] = name_of(account.info().source);
    if (account.info().hides_vault_entry) shown["hides_vault_entry"] = true;
    shown["state"] = account::name(account.state());
    if (const std::string remedy = account.remedy(); !remedy.empty()) shown["remedy"] = remedy;
    if (account.last_success_at()) shown["last_success_at"] = base::rfc3339(*account.last_success_at());
    shown["calls"] = account.calls();
    shown["errors"] = account.errors();
    const auto waiting = account.waiting();
    shown["queued"] = waiting.cancels + waiting.placements + waiting.reads;
    shown["waiting"] = {
        {"cancels", waiting.cancels}, {"placements", waiting.placements}, {"reads", waiting.reads}
    };
    shown["in_flight"] =
        std::ranges::count_if(account.keys(), [](const auto& key) { return key->lane()->busy(); });
    if (const auto settling = account.placements().settling(); settling > 0) shown["settling"] = settling;
    if (!account.last_error().empty()) shown["last_error"] = account.last_error();
    std::string text = extended(shown, "latency_ms", latency_text(account.latency()));
    if (const std::string budget = budget_text(account, now); !budget.empty())
        text = extended(std::move(text), "budget", budget);
    return text;
}

json::object show(const account::Key& key) {
    json::object shown{
        {"key", key.info().key.hex()},
        {"state", account::name(key.state())},
        {"validated", key.info().validated_at.has_value()},
    };
    if (key.info().validated_at) shown["validated_at"] = base::rfc3339(*key.info().validated_at);
    if (const std::string remedy = key.remedy(); !remedy.empty()) shown["remedy"] = remedy;
    return shown;
}

json::object show(const base::Protection& protection) {
    return {
        {"memory_locked", protection.memory_locked && base::memory_lock_ok()},
        {"not_dumpable", protection.not_dumpable},
        {"no_core", protection.no_core},
        {"no_new_privileges", protection.no_new_privileges},
    };
}

}  // namespace

Handled handle_status(Backend& backend, const Arguments&, const Context& context) {
    const auto state = backend.keeper.state();
    const auto accounts = backend.accounts.list();
    const account::Elapsed now = backend.clock.elapsed();
    const auto uptime = std::chrono::steady_clock::now() - backend.started;

    json::object status;
    status["summary"] =
        summary(backend, [&context](const base::AccountName& account) { return sees(context, account); });
    status["state"] = name_of(state);
    status["state_since"] = base::rfc3339(backend.state_since);
    status["version"] = protocol::version;
    status["pid"] = ::getpid();
    status["uptime_s"] = std::chrono::duration_cast<std::chrono::seconds>(uptime).count();
    status["config"] = {{"path", backend.configuration_file.string()}};
    status["vault"] = {
        {"path", backend.keeper.vault_path().string()},
        {"exists", backend.keeper.vault_exists()},
    };
    json::object upstream{{"base_url", backend.base_url}, {"state", backend.accounts.upstream_state()}};
    if (const auto offset = backend.accounts.clock_offset()) upstream["clock_offset_ms"] = offset->count();
    status["upstream"] = std::move(upstream);
    status["clients"] = backend.clients();
    status["protection"] = show(backend.protection);
    if (json::array frozen = show_freezes(backend, context); !frozen.empty())
        status["frozen"] = std::move(frozen);
    std::vector<std::string> shown;
    for (const auto& account : accounts)
        if (sees(context, account->info().account)) shown.push_back(show(*account, now));
    std::string text = extended(status, "accounts", fmt::format("[{}]", fmt::join(shown, ",")));
    if (const std::string budget = budget_text(backend.accounts.public_calls(), now); !budget.empty())
        text = extended(std::move(text), "public_budget", budget);
    return text;
}

Handled handle_account_list(Backend& backend, const Arguments&, const Context& context) {
    json::array list;
    for (const auto& account : backend.accounts.list()) {
        if (!sees(context, account->info().account)) continue;
        json::array keys;
        for (const auto& key : account->keys())
            keys.push_back(show(*key));
        list.push_back(json::object{
            {"name", account->info().account.text()},
            {"source", name_of(account->info().source)},
            {"keys", std::move(keys)}
        });
    }
    return Result<std::string>(json::serialize(list));
}

}  // namespace krakken::gate
