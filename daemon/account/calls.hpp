#pragma once

// What one call is, and the loop that makes it: attempt, verdict, pause, until there is an answer, an error
// or no time left.

#include "account/retry.hpp"
#include "account/sent.hpp"
#include "base/caller.hpp"
#include "base/clock.hpp"
#include "kraken/api.hpp"
#include "kraken/parameters.hpp"

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace krakken::account {

using boost::asio::awaitable;
using protocol::Result;

struct Call {
    const protocol::Endpoint* endpoint;  // of the table, never null
    kraken::Parameters parameters;
    std::chrono::steady_clock::time_point deadline;  // of the reply to the client
    std::chrono::milliseconds max_wait;              // for the lane
    std::string call_id;
    std::string idempotency_key = {};  // the client's: all calls of this key are one; empty: none
    base::Caller caller = {};          // who asked; the daemon itself where nobody did
    SentNote sent = {};                // kept where given
    std::string notional = {};         // of a placement, where a limit of its caller wanted to know: "100USD"
    // Asked of a placement when it is clear that it is a new one, and neither repeats nor joins another; it
    // may change what is written down of it. An error: nothing was sent.
    std::function<awaitable<Result<void>>(Call& call)> admit_new = {};
    // Asked in the turn of a call that acts, right before it would be sent: why it must not be any more.
    // CancelAll is not asked.
    std::function<std::optional<protocol::Error>(const Call& call)> objection = {};
    // Of a placement by a library that sends the same again when it has waited too long: while the fate of
    // one that has gone out is open, and nobody waits for it any more or its answer is lost, this one is the
    // same; for half a minute after, too, where its client did not learn of its end.
    bool joins_its_like = false;
    std::function<bool()> asker_is_gone = {};  // whether nobody waits for the answer; none: somebody does
};

// Makes one attempt at a call. An error means that nothing was sent.
using SendOnce = std::function<awaitable<Result<kraken::Attempt>>()>;

// Kraken's result, or why there is none. `api`, `clock`, `call` and `send_once` must live until it returns.
// A pause ends early when the daemon is stopping.
awaitable<Result<std::string>> make_call(
    kraken::Api& api,
    const base::Clock& clock,
    const Call& call,
    RetrySettings settings,
    const SendOnce& send_once
);

// A text of Kraken's as a log line may hold it: 200 bytes at most, all of them printable, and nothing that
// could be a key or a signature, should whoever answers send ours back.
std::string fit_for_log(std::string_view text);

}  // namespace krakken::account
