#pragma once

// A call of Kraken's, from what somebody wants, in whatever language they said it, to the audit's row.

#include "handlers.hpp"
#include "kraken/parameters.hpp"
#include "protocol/endpoints.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace krakken::gate {

struct Wanted {
    const protocol::Endpoint& endpoint;  // of the table
    kraken::Parameters parameters;
    std::optional<std::string> account = std::nullopt;  // else the one that is implied
    std::chrono::milliseconds timeout;
    std::optional<std::chrono::milliseconds> max_wait =
        std::nullopt;  // for its turn; else as is usual for its kind
    std::string idempotency_key = {};
    bool joins_its_like = false;    // see account::Call
    std::string signed_nonce = {};  // that its bot has signed it with; empty: it was not signed
};

// Refuses it at once, or makes it. A call that was sent is seen to its end, whoever waits for it.
Handled make_call(Backend& backend, Wanted wanted, const Context& context);

// Nothing is made of the call; that somebody tried stands in the audit all the same.
Result<std::string> refuse_call(
    Backend& backend,
    const protocol::Endpoint& endpoint,
    const std::optional<std::string>& account,
    const Context& context,
    protocol::Error error
);

}  // namespace krakken::gate
