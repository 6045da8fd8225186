#include "audit_rows.hpp"

#include <algorithm>
#include <utility>

namespace krakken::gate {

namespace {

// Of an account of several keys: none, unless it is said which.
std::string only_key(const account::Account& account) {
    return account.keys().size() == 1 ? account.info().key.hex() : "";
}

bool has_key(const Backend& backend, const std::string& name, const std::string& key) {
    const auto account = backend.accounts.find(name);
    return account && std::ranges::any_of((*account)->keys(), [&key](const auto& each) {
               return each->info().key.hex() == key;
           });
}

void name_account(state::AuditEntry& row, const Backend& backend, const std::optional<std::string>& name) {
    if (!name) return;
    const auto account = backend.accounts.find(*name);
    if (!account) return;
    row.account = (*account)->info().account.text();
    row.key = only_key(**account);
}

// Whose rights the method is about: a bot's, a user's or a group's; empty where it is about nobody's, or the
// client's text is no such name.
std::string holder_in(const Arguments& arguments, std::string_view names_bot) {
    if (const auto holder = arguments.text("holder"))
        return holder->size() <= 64 && (holder->starts_with("uid:") || holder->starts_with("group:"))
                   ? *holder
                   : "";
    const auto bot = arguments.text(names_bot);
    return bot && is_bot_name(*bot) ? "bot:" + *bot : "";
}

}  // namespace

bool is_audited(const protocol::Endpoint& endpoint) {
    return endpoint.effect != protocol::Effect::read;
}

bool is_audited(const protocol::Method& method) {
    return method.served == protocol::Served::on_admin && method.needs_answer;
}

state::AuditEntry row_of(const account::Call& call, const account::Account& account) {
    state::AuditEntry row{
        .at = {},
        .caller = call.caller,
        .what = std::string(call.endpoint->name),
        .account = account.info().account.text(),
        .key = only_key(account),
        .call_id = call.call_id,
        .outcome = {}
    };
    if (call.sent && *call.sent) {
        row.key = (*call.sent)->key.hex();
        row.nonce = (*call.sent)->nonce.value();
    }
    return row;
}

state::AuditEntry row_of_refused(
    const Backend& backend,
    const protocol::Endpoint& endpoint,
    const std::optional<std::string>& account,
    const Context& context
) {
    state::AuditEntry row{
        .at = {},
        .caller = context.caller,
        .what = std::string(endpoint.name),
        .call_id = context.call_id,
        .outcome = {}
    };
    name_account(row, backend, account);
    return row;
}

AdminRow::AdminRow(
    const Backend& backend, const protocol::Method& method, const Arguments& arguments, const Context& context
)
    : row_{.at = {}, .caller = context.caller, .what = std::string(method.name), .call_id = context.call_id, .outcome = {}},
      account_(arguments.text("account")) {
    const bool names_bot = method.name.starts_with("bot.");
    if (!names_bot && !account_) account_ = arguments.text("name");
    row_.ids = holder_in(arguments, names_bot ? "name" : "bot");
    name_account(row_, backend, account_);
    if (const auto key = arguments.text("key"); key && has_key(backend, row_.account, *key)) row_.key = *key;
}

state::AuditEntry AdminRow::finished(const Backend& backend) {
    if (row_.account.empty()) name_account(row_, backend, account_);
    return std::move(row_);
}

}  // namespace krakken::gate
