#include "handlers.hpp"

#include <algorithm>
#include <array>

namespace krakken::gate {

namespace {

struct Binding {
    std::string_view method;
    Handler handler;
};

constexpr auto bindings = std::to_array<Binding>({
    {"ping", handle_ping},
    {"version", handle_version},
    {"status", handle_status},
    {"account.list", handle_account_list},
    {"rpc.discover", handle_discover},
    {"gateway.show", handle_gateway_show},
    {"profile", handle_profile},
    {"endpoints", handle_endpoints},
    {"call", handle_call},
    {"wait", handle_wait},
    {"nonce.status", handle_nonce_status},
    {"intent.list", handle_intent_list},
    {"intent.get", handle_intent_get},
    {"intent.wait", handle_intent_wait},
    {"intent.settle", handle_intent_settle},
    {"vault.create", handle_vault_create},
    {"unlock", handle_unlock},
    {"lock", handle_lock},
    {"vault.change_passphrase", handle_change_passphrase},
    {"vault.add_key_file", handle_add_key_file},
    {"vault.remove_key_file", handle_remove_key_file},
    {"account.add", handle_account_add},
    {"account.add_key", handle_account_add_key},
    {"account.replace_key", handle_account_replace_key},
    {"account.validate", handle_account_validate},
    {"account.remove", handle_account_remove},
    {"nonce.import", handle_nonce_import},
    {"bot.add", handle_bot_add},
    {"bot.change", handle_bot_change},
    {"bot.rotate", handle_bot_rotate},
    {"bot.revoke", handle_bot_revoke},
    {"bot.list", handle_bot_list},
    {"bot.show", handle_bot_show},
    {"grant.set", handle_grant_set},
    {"grant.remove", handle_grant_remove},
    {"grant.list", handle_grant_list},
    {"freeze", handle_freeze},
    {"thaw", handle_thaw},
    {"identify", handle_identify},
    {"whoami", handle_whoami},
    {"check", handle_check},
    {"audit.tail", handle_audit_tail},
    {"audit.verify", handle_audit_verify},
    {"reload", handle_reload},
    {"shutdown", handle_shutdown},
});

}  // namespace

Handler find_handler(std::string_view method) {
    const auto found = std::ranges::find(bindings, method, &Binding::method);
    return found == bindings.end() ? nullptr : found->handler;
}

}  // namespace krakken::gate
