// The methods that show the audit: audit.tail, audit.verify.

#include "base/log.hpp"
#include "handlers.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace krakken::gate {

namespace json = boost::json;

namespace {

json::array list_of_ids(std::string_view ids) {
    json::array list;
    while (!ids.empty()) {
        const std::size_t end = std::min(ids.find(','), ids.size());
        list.emplace_back(ids.substr(0, end));
        ids.remove_prefix(std::min(end + 1, ids.size()));
    }
    return list;
}

json::object show(const state::AuditRow& row) {
    const state::AuditEntry& entry = row.entry;
    json::object shown{
        {"row", row.number},
        {"time", base::rfc3339(entry.at)},
        {"uid", entry.caller.uid},
        {"pid", entry.caller.pid},
    };
    const auto add = [&shown](std::string_view name, const std::string& value) {
        if (!value.empty()) shown[name] = value;
    };
    add("program", entry.caller.program);
    add("what", entry.what);
    add("account", entry.account);
    add("key", entry.key);
    if (entry.nonce != 0) shown["nonce"] = std::to_string(entry.nonce);
    add("call_id", entry.call_id);
    if (!entry.ids.empty()) shown["ids"] = list_of_ids(entry.ids);
    shown["outcome"] = entry.outcome;
    shown["hash"] = row.hash;
    return shown;
}

Work tail(Backend& backend, state::AuditQuery query) {
    const auto rows = co_await backend.audit.tail(std::move(query));
    if (!rows) co_return std::unexpected(rows.error());
    json::array shown;
    for (const state::AuditRow& row : *rows)
        shown.push_back(show(row));
    co_return json::serialize(shown);
}

Work verify(Backend& backend) {
    const auto verdict = co_await backend.audit.verify();
    if (!verdict) co_return std::unexpected(verdict.error());
    const bool ok = !verdict->broken_at;
    base::log(
        ok ? base::LogLevel::info : base::LogLevel::error,
        "audit.verified",
        {{"ok", ok ? "true" : "false"},
         {"broken_at", verdict->broken_at.value_or(0)},
         {"row", verdict->head.row},
         {"hash", verdict->head.hash}}
    );
    json::object shown{
        {"rows", verdict->rows},
        {"first", verdict->first},
        {"last", verdict->head.row},
        {"hash", verdict->head.hash},
        {"ok", ok},
    };
    if (!ok) shown["broken_at"] = *verdict->broken_at;
    co_return json::serialize(shown);
}

}  // namespace

Handled handle_audit_tail(Backend& backend, const Arguments& arguments, const Context&) {
    return tail(
        backend,
        {.account = arguments.text("account").value_or(""),
         .after = arguments.integer("after"),
         .limit = static_cast<std::size_t>(*arguments.integer("limit"))}
    );
}

Handled handle_audit_verify(Backend& backend, const Arguments&, const Context&) {
    return verify(backend);
}

}  // namespace krakken::gate
