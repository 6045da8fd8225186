#pragma once

// What a person has frozen: reads and cancels pass, everything else is refused until it is thawed.

#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"
#include "state/state_store.hpp"

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <string>

namespace krakken::gate {

// "all", "account:NAME", "bot:NAME".
std::string freeze_scope(const std::optional<std::string>& account, const std::optional<std::string>& bot);

class Freezes {
public:
    // `store` must outlive it.
    explicit Freezes(state::StateStore& store);

    // Holds from now on; when this returns, over a restart too. storage: not that.
    boost::asio::awaitable<protocol::Result<void>> freeze(state::Freeze freeze);
    // invalid_params: nothing of this scope is frozen. Unless it is durable, it stays frozen.
    boost::asio::awaitable<protocol::Result<void>> thaw(std::string scope);

    // forbidden, rule "freeze", with the person's reason.
    std::optional<protocol::Error> refusal(
        const protocol::Endpoint& endpoint, const base::AccountName& account, const std::string& bot
    ) const;
    const std::map<std::string, state::Freeze>& all() const { return by_scope_; }

private:
    state::StateStore& store_;
    std::map<std::string, state::Freeze> by_scope_;
};

}  // namespace krakken::gate
