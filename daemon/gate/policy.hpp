#pragma once

// May this call be made at all? Decided by the endpoint, its parameters and what the operator's profile
// allows; grants for single bots come later.

#include "gate/profile.hpp"
#include "kraken/parameters.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

namespace krakken::gate {

// forbidden, with data.rule:
// - "effect:fund", "effect:token": moving funds and handing out tokens need a grant, and there are none yet.
//   This also keeps everybody away from what supports_futures and supports_staking are about: spot REST
//   reaches futures and Earn only by moving funds there. What it tells about them may be read.
// - "capability:supports_margin": an order that says anything of leverage, reduce_only, margin or
//   settle-position but an obvious "none", at any depth, by any spelling Kraken might understand.
protocol::Result<void> may_call(
    const protocol::Endpoint& endpoint, const kraken::Parameters& parameters, const Profile& profile
);

}  // namespace krakken::gate
