// The methods that only show something: ping, version, status, account.list, profile, endpoints,
// nonce.status.

#include "handlers.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/version.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace krakken::gate {

namespace json = boost::json;
using account::Account;
using account::AccountState;

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

std::string_view name_of(base::NonceUnit unit) {
    switch (unit) {
        case base::NonceUnit::microseconds:
            return "us";
        case base::NonceUnit::ten_nanoseconds:
            return "10ns";
        case base::NonceUnit::nanoseconds:
            return "ns";
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
std::string extended(const json::object& object, std::string_view name, std::string_view value) {
    std::string text = json::serialize(object);
    text.pop_back();
    return fmt::format(R"({},"{}":{}}})", text, name, value);
}

std::string show(const Account& account) {
    json::object shown;
    shown["name"] = account.info().account.text();
    shown["source"] = "vault";
    shown["state"] = account::name(account.state());
    if (const std::string remedy = account.remedy(); !remedy.empty()) shown["remedy"] = remedy;
    if (account.last_success_at()) shown["last_success_at"] = base::rfc3339(*account.last_success_at());
    shown["calls"] = account.calls();
    shown["errors"] = account.errors();
    shown["queued"] = account.lane().waiting();
    shown["in_flight"] = account.lane().busy() ? 1 : 0;
    if (!account.last_error().empty()) shown["last_error"] = account.last_error();
    return extended(shown, "latency_ms", latency_text(account.latency()));
}

json::object show(const base::Protection& protection) {
    return {
        {"memory_locked", protection.memory_locked && base::memory_lock_ok()},
        {"not_dumpable", protection.not_dumpable},
        {"no_core", protection.no_core},
        {"no_new_privileges", protection.no_new_privileges},
    };
}

std::string summary(keeper::VaultState state, const std::vector<std::shared_ptr<Account>>& accounts) {
    if (state == keeper::VaultState::uninitialized) return "no vault yet; run: krakkenctl setup";
    if (state == keeper::VaultState::locked) return "locked; run: krakkenctl unlock";
    std::size_t ready = 0;
    for (const auto& account : accounts)
        ready += account->state() == AccountState::ready ? 1 : 0;
    return fmt::format("unlocked, {} of {} accounts ready", ready, accounts.size());
}

}  // namespace

Handled handle_ping(Backend&, const Arguments&, const Context&) {
    return Result<std::string>("\"pong\"");
}

Handled handle_version(Backend&, const Arguments&, const Context&) {
    return Result<std::string>(json::serialize(
        json::object{{"version", protocol::version}, {"protocol", protocol::protocol_version}}
    ));
}

Handled handle_status(Backend& backend, const Arguments&, const Context&) {
    const auto state = backend.keeper.state();
    const auto accounts = backend.accounts.list();
    const auto uptime = std::chrono::steady_clock::now() - backend.started;

    json::object status;
    status["summary"] = summary(state, accounts);
    status["state"] = name_of(state);
    status["state_since"] = base::rfc3339(backend.state_since);
    status["version"] = protocol::version;
    status["pid"] = ::getpid();
    status["uptime_s"] = std::chrono::duration_cast<std::chrono::seconds>(uptime).count();
    status["vault"] = {
        {"path", backend.keeper.vault_path().string()},
        {"exists", state != keeper::VaultState::uninitialized},
    };
    status["upstream"] = {{"base_url", backend.base_url}, {"state", backend.accounts.upstream_state()}};
    status["clients"] = backend.clients();
    status["protection"] = show(backend.protection);
    std::vector<std::string> shown;
    for (const auto& account : accounts)
        shown.push_back(show(*account));
    return extended(status, "accounts", fmt::format("[{}]", fmt::join(shown, ",")));
}

Handled handle_account_list(Backend& backend, const Arguments&, const Context&) {
    json::array list;
    for (const auto& account : backend.accounts.list()) {
        const keeper::KeyInfo& info = account->info();
        json::object key{
            {"key", info.key.hex()},
            {"state", account::name(account->state())},
            {"validated", info.validated_at.has_value()},
        };
        if (info.validated_at) key["validated_at"] = base::rfc3339(*info.validated_at);
        list.push_back(json::object{
            {"name", info.account.text()}, {"source", "vault"}, {"keys", json::array{std::move(key)}}
        });
    }
    return Result<std::string>(json::serialize(list));
}

Handled handle_profile(Backend& backend, const Arguments&, const Context&) {
    const Profile& profile = backend.profile;
    return Result<std::string>(json::serialize(json::object{
        {"region", profile.region},
        {"capabilities",
         {{"supports_margin", profile.supports_margin},
          {"supports_futures", profile.supports_futures},
          {"supports_staking", profile.supports_staking}}},
    }));
}

Handled handle_endpoints(Backend&, const Arguments&, const Context&) {
    json::array list;
    for (const protocol::Endpoint& endpoint : protocol::endpoints()) {
        json::object shown{
            {"name", endpoint.name},
            {"kind", protocol::name(endpoint.kind)},
            {"effect", protocol::name(endpoint.effect)},
        };
        if (!endpoint.permission.empty()) shown["permission"] = endpoint.permission;
        list.push_back(std::move(shown));
    }
    return Result<std::string>(json::serialize(list));
}

Handled handle_nonce_status(Backend& backend, const Arguments& arguments, const Context&) {
    const auto wanted = arguments.text("account");
    if (wanted) {
        if (const auto found = backend.accounts.find(wanted); !found) return std::unexpected(found.error());
    }
    const base::Time now = backend.clock.now();
    json::array list;
    for (const auto& account : backend.accounts.list()) {
        if (wanted && account->info().account.text() != *wanted) continue;
        json::object shown{{"account", account->info().account.text()}, {"key", account->info().key.hex()}};
        // A key's sequence begins with its first call, so that its baseline is fresh.
        if (const auto& sequence = account->lane().sequence()) {
            shown["unit"] = name_of(sequence->unit());
            shown["last"] = std::to_string(sequence->last());
            shown["reserved"] = std::to_string(sequence->bound());
            shown["lead_ms"] = sequence->lead(now).count();
        }
        shown["state"] = account::name(account->state());
        list.push_back(std::move(shown));
    }
    return Result<std::string>(json::serialize(list));
}

}  // namespace krakken::gate
