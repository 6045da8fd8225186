#pragma once

// May this call be made at all? Decided by the endpoint alone for now; grants for single bots come later.

#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

namespace krakken::gate {

// forbidden, with data.rule: moving funds and handing out tokens need a grant, and there are no grants yet.
protocol::Result<void> may_call(const protocol::Endpoint& endpoint);

}  // namespace krakken::gate
