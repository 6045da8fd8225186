#include "gate/audit_trail.hpp"

#include "base/log.hpp"

#include <unistd.h>

#include <utility>

namespace krakken::gate {

using protocol::Error;
using protocol::Executed;
using protocol::Result;

namespace {

base::Caller krakkend() {
    return {::geteuid(), ::getpid(), "krakkend"};
}

// Such cost their caller nothing, so there may be any number of them.
bool is_cheap(const Error& error) {
    return error.origin == protocol::Origin::daemon && error.executed == Executed::no;
}

}  // namespace

std::string audit_outcome(const Error& error) {
    std::string text(protocol::category(error.code));
    if (error.code == protocol::ErrorCode::outcome_unknown) return text;
    if (error.executed == Executed::unknown) text += "/unknown";
    if (error.executed == Executed::yes) text += "/executed";
    return text;
}

AuditTrail::AuditTrail(state::StateStore& store, const base::Clock& clock) : store_(store), clock_(clock) {}

void AuditTrail::done(state::AuditEntry row, const Result<std::string>& outcome) {
    row.outcome = outcome ? "ok" : audit_outcome(outcome.error());
    if (!outcome && is_cheap(outcome.error())) return write_within_budget(std::move(row));
    write(std::move(row));
}

void AuditTrail::own(std::string_view what, const Error* error) {
    write({
        .at = {},
        .caller = krakkend(),
        .what = std::string(what),
        .outcome = error ? audit_outcome(*error) : "ok",
    });
}

void AuditTrail::refused(protocol::SocketKind socket, base::Caller caller) {
    const bool client = socket == protocol::SocketKind::client;
    write_within_budget({
        .at = {},
        .caller = std::move(caller),
        .what = client ? "connect.client" : "connect.admin",
        .outcome = std::string(protocol::category(protocol::ErrorCode::forbidden)),
    });
}

void AuditTrail::write(state::AuditEntry row) {
    row.at = clock_.now();
    store_.record(std::move(row));
}

void AuditTrail::write_within_budget(state::AuditEntry row) {
    if (!refusals_.take(clock_.elapsed())) return;
    if (const auto count = refusals_.take_passed_over(); count > 0) {
        base::log(base::LogLevel::warn, "audit.passed_over", {{"refusals", count}});
        write({
            .at = {},
            .caller = krakkend(),
            .what = "audit.passed_over",
            .ids = std::to_string(count),
            .outcome = "ok",
        });
    }
    write(std::move(row));
}

}  // namespace krakken::gate
