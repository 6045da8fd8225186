#pragma once

// Is this call among those that the operator's profile allows at all? Who may make it is grants' business.

#include "gate/profile.hpp"
#include "kraken/parameters.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

namespace krakken::gate {

// forbidden, with data.rule:
// - "capability:supports_margin": an order that says anything of leverage, reduce_only, margin or
//   settle-position but an obvious "none", at any depth, by any spelling Kraken might understand.
// - "capability:supports_staking": what moves funds into Earn and out of it.
// - "capability:supports_futures": what moves funds to the futures wallet. What spot REST tells about either
//   may be read.
protocol::Result<void> may_call(
    const protocol::Endpoint& endpoint, const kraken::Parameters& parameters, const Profile& profile
);

}  // namespace krakken::gate
