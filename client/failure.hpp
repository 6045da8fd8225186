#pragma once

// Why a request has no result, and what is known about its fate. Values only; any thread.

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace krakken::client {

enum class FailureKind {
    refused,    // an error of the daemon or of Kraken, as it was answered
    no_daemon,  // nobody listens at the socket
    untrusted,  // somebody listens who is not to be trusted; nothing was sent
    lost,       // sent, but the connection ended or the answer is not of the protocol
    late,       // sent, but no answer came in time
    unsent,     // not sent: not JSON, too long, too many requests in flight, or cancelled before its turn
};

struct Failure {
    FailureKind kind = FailureKind::refused;
    int code = 0;  // of the JSON-RPC error; outcome_unknown where an acting request's answer was lost; else 0
    std::string message;
    // `unknown`: it may have happened. Never send the request again; look it up.
    protocol::Executed executed = protocol::Executed::no;
    bool retryable = false;  // this same request may succeed later; only ever true where executed is no
    std::string category;    // of the contract's table, or the kind's name
    std::string reason;      // data.reason, where there is one
    std::string remedy;      // what a person can do about it
    std::vector<std::string> kraken;  // Kraken's own error strings
    std::optional<std::chrono::milliseconds> retry_after;
    std::string json;  // the error object: the daemon's bytes, or one of the same shape with origin "client"
};

template <class T>
using Outcome = std::expected<T, Failure>;

// A failure that this library found.
Failure make_failure(
    FailureKind kind,
    std::string message,
    std::string remedy = {},
    protocol::Executed executed = protocol::Executed::no
);

// A failure that the daemon answered; `json` is its error object, checked to be JSON.
Failure read_failure(std::string_view json);

}  // namespace krakken::client
