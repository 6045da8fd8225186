#pragma once

// What the gate writes into the audit: calls that act, methods that change something, connections that were
// refused. Nothing waits for it.

#include "base/clock.hpp"
#include "gate/row_budget.hpp"
#include "protocol/error.hpp"
#include "protocol/methods.hpp"
#include "state/state_store.hpp"

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::gate {

class AuditTrail {
public:
    AuditTrail(state::StateStore& store, const base::Clock& clock);

    // `row` lacks time and outcome.
    void done(state::AuditEntry row, const protocol::Result<std::string>& outcome);
    // Done by the daemon itself: at a signal, or at start.
    void own(std::string_view what, const protocol::Error* error = nullptr);
    // Somebody who may not connect did.
    void refused(protocol::SocketKind socket, base::Caller caller);

    boost::asio::awaitable<protocol::Result<std::vector<state::AuditRow>>> tail(state::AuditQuery query) {
        return store_.audit(std::move(query));
    }
    boost::asio::awaitable<protocol::Result<state::AuditVerdict>> verify() { return store_.verify_audit(); }

private:
    void write(state::AuditEntry row);
    void write_within_budget(state::AuditEntry row);

    state::StateStore& store_;
    const base::Clock& clock_;
    RowBudget refusals_;
};

// As it stands in a row: "ok", or the error's category, with what may have happened all the same.
std::string audit_outcome(const protocol::Error& error);

}  // namespace krakken::gate
