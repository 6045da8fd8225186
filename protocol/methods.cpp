#include "protocol/methods.hpp"

#include <algorithm>
#include <array>

namespace krakken::protocol {

namespace {

using enum ParameterType;
using enum Served;

constexpr std::array<Parameter, 0> none{};
constexpr auto call = std::to_array<Parameter>({
    {"endpoint", string, true},
    {"account", string, false},
    {"params", object, false},
    {"timeout_ms", integer, false},
    {"max_wait_ms", integer, false},
});
constexpr auto wait = std::to_array<Parameter>({
    {"for", string, true},
    {"account", string, false},
    {"timeout_ms", integer, false},
});
constexpr auto maybe_account = std::to_array<Parameter>({{"account", string, false}});
constexpr auto passphrase = std::to_array<Parameter>({{"passphrase", string, true}});
constexpr auto unlock =
    std::to_array<Parameter>({{"passphrase", string, false}, {"key_file", string, false}});
constexpr auto change_passphrase = std::to_array<Parameter>({{"old", string, true}, {"new", string, true}});
constexpr auto key_file = std::to_array<Parameter>({{"passphrase", string, true}, {"path", string, true}});
constexpr auto account_add = std::to_array<Parameter>({
    {"name", string, true},
    {"api_key", string, true},
    {"api_secret", string, true},
    {"otp", string, false},
    {"tier", string, false},
    {"save", string, false},
});
constexpr auto account_key = std::to_array<Parameter>({{"name", string, true}, {"key", string, false}});

constexpr auto table = std::to_array<Method>({
    {"ping", on_both, false, none, "Answers \"pong\"."},
    {"version", on_both, false, none, "The daemon's version and that of the protocol."},
    {"status", on_both, false, none, "State of daemon, vault, upstream and accounts."},
    {"account.list", on_both, false, none, "The accounts and the hashed names of their keys."},
    {"profile", on_client, false, none, "Region and capabilities from the configuration."},
    {"endpoints", on_client, false, none, "Kraken's endpoints, their effects and permissions."},
    {"call", on_client, true, call, "Makes one call at Kraken and returns its result byte for byte."},
    {"wait", on_client, false, wait, "Answers true once the vault is unlocked or an account is ready."},
    {"nonce.status", on_client, false, maybe_account, "Every key's last nonce and durable bound."},
    {"vault.create", on_admin, true, passphrase, "Makes a new vault and leaves it unlocked."},
    {"unlock", on_admin, true, unlock, "Opens the vault with a passphrase or a key file."},
    {"lock", on_admin, true, none, "Wipes every secret from memory."},
    {"vault.change_passphrase", on_admin, true, change_passphrase, "Replaces the vault's passphrase."},
    {"vault.add_key_file", on_admin, true, key_file, "Makes a key file that opens the vault without a person."
    },
    {"vault.remove_key_file", on_admin, true, key_file, "Takes a key file's right to open the vault away."},
    {"account.add", on_admin, true, account_add, "Validates an API key at Kraken and saves it."},
    {"account.validate", on_admin, true, account_key, "Asks Kraken again whether a saved key is good."},
    {"account.remove", on_admin, true, account_key, "Removes an account or one of its keys from the vault."},
    {"shutdown", on_admin, true, none, "Drains and ends the daemon."},
});

}  // namespace

std::span<const Method> methods() {
    return table;
}

const Method* find_method(std::string_view name) {
    const auto found = std::ranges::find(table, name, &Method::name);
    return found == table.end() ? nullptr : &*found;
}

bool is_served(const Method& method, SocketKind socket) {
    return method.served == on_both || (method.served == on_client) == (socket == SocketKind::client);
}

}  // namespace krakken::protocol
