#pragma once

// What came of a call, as Kraken would say it, so that no library misreads it.

#include "http_codec.hpp"
#include "protocol/endpoints.hpp"
#include "protocol/error.hpp"

#include <string>

namespace krakken::gate {

// {"error":[],"result":...}, or the bytes of a file. `result` is Kraken's.
HttpReply facade_result(const protocol::Endpoint& endpoint, const std::string& result);

// {"error":["EService:Unavailable"]}: Kraken's own texts where it has said no, else the one by which
// libraries understand best what happened. Where the call may have been executed: 504 without a body, never a
// text that reads as "not placed".
HttpReply facade_error(const protocol::Error& error);

}  // namespace krakken::gate
