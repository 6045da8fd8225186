#pragma once

// The JSON-RPC 2.0 envelope: one line in, its requests out; replies back to text. Sans-io.

#include "gate/arguments.hpp"
#include "protocol/error.hpp"
#include "protocol/limits.hpp"
#include "protocol/methods.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::gate {

// A request as far as it could be read. Views into the line.
struct Request {
    std::string id;  // raw JSON, echoed verbatim; empty: a notification
    const protocol::Method* method = nullptr;
    Arguments arguments;
};

// Why a line or one request of a batch cannot be served, with the id to answer to.
struct Refusal {
    std::string id;  // "null" where none could be read; empty: a notification, which is not answered
    protocol::Error error;
};

using ReadRequest = std::expected<Request, Refusal>;

struct Line {
    bool batch = false;
    std::vector<ReadRequest> requests;
    // The connection cannot be trusted to be in step any more: answer and close.
    bool close = false;
};

// Never fails: what is wrong with the line is in the answer.
Line read_line(std::string_view line, protocol::SocketKind socket);

// The refusal of a line that grew too long to be read.
Refusal line_too_long();

std::string reply_text(std::string_view id, const protocol::Result<std::string>& outcome);

// The answer to one request of a line; without text to a notification.
struct Reply {
    std::string id;
    std::string call_id;
    std::string text;
};

// The one line, without its end, that answers all requests of a line; empty when all were notifications.
// Where it would be longer than `most` the longest replies, which only reads have, become errors.
std::string reply_line(
    bool batch, std::vector<Reply> replies, std::size_t most = protocol::max_reply_bytes - 1
);

// Unique in this process and, by its random beginning, across restarts: it links reply, log and audit.
std::string next_call_id();

}  // namespace krakken::gate
