#include "audit_rows.hpp"

#include <utility>

namespace krakken::gate {

namespace {

void name_account(state::AuditEntry& row, const Backend& backend, const std::optional<std::string>& name) {
    if (!name) return;
    const auto account = backend.accounts.find(*name);
    if (!account) return;
    row.account = (*account)->info().account.text();
    row.key = (*account)->info().key.hex();
}

}  // namespace

bool is_audited(const protocol::Endpoint& endpoint) {
    return endpoint.effect != protocol::Effect::read;
}

bool is_audited(const protocol::Method& method) {
    return method.served == protocol::Served::on_admin && method.needs_answer;
}

state::AuditEntry row_of(const account::Call& call, const keeper::KeyInfo& key) {
    return {
        .at = {},
        .caller = call.caller,
        .what = std::string(call.endpoint->name),
        .account = key.account.text(),
        .key = key.key.hex(),
        .call_id = call.call_id,
        .outcome = {}
    };
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
      account_(arguments.text("name")) {
    if (!account_) account_ = arguments.text("account");
    name_account(row_, backend, account_);
}

state::AuditEntry AdminRow::finished(const Backend& backend) {
    if (row_.account.empty()) name_account(row_, backend, account_);
    return std::move(row_);
}

}  // namespace krakken::gate
