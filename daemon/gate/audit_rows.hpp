#pragma once

// Who, what, and on which account: the rows of the audit as far as they are known before the outcome is.

#include "account/calls.hpp"
#include "gate/backend.hpp"
#include "handlers.hpp"

#include <optional>
#include <string>

namespace krakken::gate {

// Whether calls of it stand in the audit: those that do more than read.
bool is_audited(const protocol::Endpoint& endpoint);
// Whether the method does: those of the admin socket that change something.
bool is_audited(const protocol::Method& method);

// A call that was made, or was to be.
state::AuditEntry row_of(const account::Call& call, const account::Account& account);
// One that was refused before it could be. The account's name is the client's text: it is kept where there is
// one of that name.
state::AuditEntry row_of_refused(
    const Backend& backend,
    const protocol::Endpoint& endpoint,
    const std::optional<std::string>& account,
    const Context& context
);

// A method of the admin socket, from when it is asked for to its end; the account may be there only before or
// only behind it.
class AdminRow {
public:
    AdminRow(
        const Backend& backend,
        const protocol::Method& method,
        const Arguments& arguments,
        const Context& context
    );

    state::AuditEntry finished(const Backend& backend);

private:
    state::AuditEntry row_;
    std::optional<std::string> account_;
};

}  // namespace krakken::gate
