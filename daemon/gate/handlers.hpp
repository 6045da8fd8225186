#pragma once

// What each method does. A handler takes its arguments apart at once and either answers or returns the work
// that will.

#include "base/caller.hpp"
#include "gate/arguments.hpp"
#include "gate/backend.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace krakken::gate {

using boost::asio::awaitable;
using protocol::Result;

struct Context {
    // Both valid while the handler runs, not in the work it returns.
    const Peer& peer;
    const base::Caller& caller;
    std::string call_id;  // in errors, log and audit
    protocol::SocketKind socket;
    Holdings holdings;  // what the client may do; of no meaning on the admin socket
    // Whether nobody waits for the answer any more; none: nobody can tell. Any time while the call goes on.
    std::function<bool()> asker_is_gone = {};
    // From now on the connection is this bot's; none: it cannot be, as over HTTP each request is signed. It
    // may be kept in the work.
    std::function<void(std::string bot, std::string key)> becomes = {};
};

// Whether this client is shown the account.
inline bool sees(const Context& context, const base::AccountName& account) {
    return context.socket == protocol::SocketKind::admin || sees(context.holdings, account);
}

// The work must not refer to the request's text, which is gone by the time it runs.
using Work = awaitable<Result<std::string>>;
using Handled = std::variant<Result<std::string>, Work>;
using Handler = Handled (*)(Backend& backend, const Arguments& arguments, const Context& context);

// Every method of the table has one.
Handler find_handler(std::string_view method);

// The handlers by theme, each in a file of its own.
Handled handle_ping(Backend&, const Arguments&, const Context&);
Handled handle_version(Backend&, const Arguments&, const Context&);
Handled handle_status(Backend&, const Arguments&, const Context&);
Handled handle_account_list(Backend&, const Arguments&, const Context&);
Handled handle_discover(Backend&, const Arguments&, const Context&);
Handled handle_gateway_show(Backend&, const Arguments&, const Context&);
Handled handle_profile(Backend&, const Arguments&, const Context&);
Handled handle_endpoints(Backend&, const Arguments&, const Context&);
Handled handle_nonce_status(Backend&, const Arguments&, const Context&);

Handled handle_call(Backend&, const Arguments&, const Context&);
Handled handle_wait(Backend&, const Arguments&, const Context&);

Handled handle_intent_list(Backend&, const Arguments&, const Context&);
Handled handle_intent_get(Backend&, const Arguments&, const Context&);
Handled handle_intent_wait(Backend&, const Arguments&, const Context&);
Handled handle_intent_settle(Backend&, const Arguments&, const Context&);

Handled handle_vault_create(Backend&, const Arguments&, const Context&);
Handled handle_unlock(Backend&, const Arguments&, const Context&);
Handled handle_lock(Backend&, const Arguments&, const Context&);
Handled handle_change_passphrase(Backend&, const Arguments&, const Context&);
Handled handle_add_key_file(Backend&, const Arguments&, const Context&);
Handled handle_remove_key_file(Backend&, const Arguments&, const Context&);
Handled handle_reload(Backend&, const Arguments&, const Context&);
Handled handle_shutdown(Backend&, const Arguments&, const Context&);

Handled handle_account_add(Backend&, const Arguments&, const Context&);
Handled handle_account_add_key(Backend&, const Arguments&, const Context&);
Handled handle_account_replace_key(Backend&, const Arguments&, const Context&);
Handled handle_account_validate(Backend&, const Arguments&, const Context&);
Handled handle_account_remove(Backend&, const Arguments&, const Context&);
Handled handle_nonce_import(Backend&, const Arguments&, const Context&);

Handled handle_bot_add(Backend&, const Arguments&, const Context&);
Handled handle_bot_change(Backend&, const Arguments&, const Context&);
Handled handle_bot_rotate(Backend&, const Arguments&, const Context&);
Handled handle_bot_revoke(Backend&, const Arguments&, const Context&);
Handled handle_bot_list(Backend&, const Arguments&, const Context&);
Handled handle_bot_show(Backend&, const Arguments&, const Context&);
Handled handle_grant_set(Backend&, const Arguments&, const Context&);
Handled handle_grant_remove(Backend&, const Arguments&, const Context&);
Handled handle_grant_list(Backend&, const Arguments&, const Context&);

Handled handle_freeze(Backend&, const Arguments&, const Context&);
Handled handle_thaw(Backend&, const Arguments&, const Context&);

Handled handle_identify(Backend&, const Arguments&, const Context&);
Handled handle_whoami(Backend&, const Arguments&, const Context&);
Handled handle_check(Backend&, const Arguments&, const Context&);

Handled handle_audit_tail(Backend&, const Arguments&, const Context&);
Handled handle_audit_verify(Backend&, const Arguments&, const Context&);

}  // namespace krakken::gate
