#include "policy.hpp"

#include <fmt/format.h>

namespace krakken::gate {

using protocol::Effect;

protocol::Result<void>
may_call(const protocol::Endpoint& endpoint, const kraken::Parameters&, const Profile&) {
    if (endpoint.effect != Effect::fund && endpoint.effect != Effect::token) return {};
    const bool fund = endpoint.effect == Effect::fund;
    return std::unexpected(protocol::make_error(
                               protocol::ErrorCode::forbidden,
                               fmt::format(
                                   "{} {}, which krakkend does for nobody yet",
                                   endpoint.name,
                                   fund ? "moves funds" : "hands out a credential"
                               )
    )
                               .with("rule", fund ? "effect:fund" : "effect:token"));
}

}  // namespace krakken::gate
