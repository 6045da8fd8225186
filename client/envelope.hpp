#pragma once

// The JSON-RPC envelope as a client writes and reads it. Sans-io.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/failure.hpp"

namespace krakken::client {

// What stands before and behind the parameters of a request. The parameters themselves are sent from where
// they lie, since they may be secret.
std::string request_head(std::uint64_t id, std::string_view method);
inline constexpr std::string_view request_tail = "}\n";

// Null when the parameters may be sent; else why not.
std::optional<Failure> refuse_params(std::string_view method, std::string_view params);

struct Reply {
    std::optional<std::uint64_t> id;   // none: the daemon could not tell which request it answers
    Outcome<std::string_view> result;  // a view into the line
};

// Null when the line is no reply of the protocol.
std::optional<Reply> read_reply(std::string_view line);

// Whether it stays open what happened when such a request was sent and its answer is lost.
bool acts(std::string_view method, std::string_view params);

// A request was sent whose answer will not come.
Failure unanswered(FailureKind kind, std::string message, bool acting);

}  // namespace krakken::client
