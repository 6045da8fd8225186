#pragma once

// May this call be made at all? Decided by the endpoint, its parameters and what the operator's profile
// allows; grants for single bots come later.

#include "gate/profile.hpp"
#include "kraken/parameters.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

namespace krakken::gate {

// forbidden, with data.rule: moving funds and handing out tokens need a grant, and there are no grants yet;
// and what needs a capability that is off.
protocol::Result<void> may_call(
    const protocol::Endpoint& endpoint, const kraken::Parameters& parameters, const Profile& profile
);

}  // namespace krakken::gate
