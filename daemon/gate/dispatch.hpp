#pragma once

// One JSON-RPC request to its method's handler, and its outcome to a reply: the same on every way in.

#include "gate/request.hpp"
#include "handlers.hpp"

#include <exception>

namespace krakken::gate {

// Never throws. `draining`: nothing new is begun any more.
Handled dispatch(Backend& backend, const Request& request, const Context& context, bool draining);

// What work that threw has come to; `acts`: it may have done something at Kraken before.
protocol::Error bug_in_work(bool acts, const std::string& call_id, const std::exception_ptr& bug);

// Writes the reply's text and, of an error that is not in the log yet, a line there. `method` is for the log,
// and not the client's text.
void finish(Reply& reply, std::string_view method, protocol::Result<std::string>& outcome);

// Which rule has forbidden it, where one has: who speaks HTTP is told no more than Kraken would say.
void log_rule(const std::string& call_id, const protocol::Error& error);

// A thrown exception in words for the log.
std::string describe(const std::exception_ptr& bug);

}  // namespace krakken::gate
