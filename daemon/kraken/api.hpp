#pragma once

// One call at Kraken's REST interface over the network room. It knows paths, headers and replies, and nothing
// of clients.

#include "base/types.hpp"
#include "kraken/reply.hpp"
#include "kraken/server_clock.hpp"
#include "net/upstream.hpp"
#include "protocol/endpoints.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <optional>
#include <string>

namespace krakken::kraken {

using boost::asio::awaitable;

// How one request ended.
struct Attempt {
    enum class End {
        answered,  // Kraken said something: `answer`
        not_sent,  // no byte left: certainly not executed
        lost,      // sent, and no usable answer: executed or not, nobody knows
    };
    End end = End::not_sent;
    Answer answer;
    std::string detail;     // why, in words fit for a log
    bool too_late = false;  // the caller's deadline has passed
    bool too_many = false;  // lost by a status that says: too many requests
    bool given_up = false;  // by its lane, which was wanted: to be made again, and nothing went wrong
};

// What a private call needs beside its path: signed bytes and the two headers.
struct SignedCall {
    std::string api_key;
    std::string signature;
    std::string body;
    base::BodyForm form = base::BodyForm::form;
    boost::asio::cancellation_slot give_up = {};  // where connected: ends the call (terminal)
    std::function<void()> on_written = {};        // called when all of it has left
};

// `upstream` must outlive it.
class Api {
public:
    // No request takes longer than `request_timeout`, whatever its caller's deadline.
    Api(net::Upstream& upstream, std::chrono::milliseconds request_timeout)
        : upstream_(upstream), request_timeout_(request_timeout) {}

    awaitable<Attempt> call_public(
        const protocol::Endpoint& endpoint, std::string query, std::chrono::steady_clock::time_point deadline
    );
    awaitable<Attempt> call_private(
        const protocol::Endpoint& endpoint, SignedCall call, std::chrono::steady_clock::time_point deadline
    );

    // Asks Kraken for its time and tells it to `clock`; true if Kraken answered with one. Takes no longer
    // than 10 s, since a slower answer tells nothing. `clock` must live until it ends.
    awaitable<bool> ask_time(ServerClock& clock);

    // One connection for each lane, opened ahead of the first call. Those that carry one do not count, so
    // there is a spare for a cancel that does not wait for a slow read.
    void keep_warm(std::size_t lanes) { upstream_.keep_warm(lanes); }
    std::string_view state() const { return state_; }

    // Kraken has locked this address out, and every further private call would prolong it. Kept here, because
    // it concerns all accounts; their lanes ask before they send. By Clock::elapsed(), so that a wall clock
    // that steps neither prolongs nor ends it.
    void silence_until(std::chrono::microseconds elapsed) { silent_until_ = elapsed; }
    std::optional<std::chrono::microseconds> silent_until() const { return silent_until_; }

    // The daemon is stopping: calls that still wait for their turn are not sent any more, as there may be no
    // time left to see them to their end.
    void stop();
    bool stopping() const { return stopping_; }

    // Waits between two attempts; stop() ends it early. False when the daemon is stopping.
    awaitable<bool> pause(std::chrono::microseconds time);

private:
    awaitable<Attempt> send(
        const protocol::Endpoint& endpoint,
        net::Request request,
        std::chrono::steady_clock::time_point deadline
    );

    net::Upstream& upstream_;
    std::chrono::milliseconds request_timeout_;
    std::optional<std::chrono::microseconds> silent_until_;
    bool stopping_ = false;
    std::list<boost::asio::steady_timer*> pauses_;
    std::string_view state_ = "unknown";  // of the latest call: "reachable" or "unreachable"
};

}  // namespace krakken::kraken
