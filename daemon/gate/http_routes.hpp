#pragma once

// What is served over HTTP, by path.

#include "gate/backend.hpp"
#include "gate/peer.hpp"
#include "handlers.hpp"
#include "http_codec.hpp"

namespace krakken::gate {

// Who asks; all of it must outlive the answer.
struct HttpGuest {
    const Peer& peer;
    const base::Caller& caller;
    const bool& draining;  // nothing new is begun any more
    std::function<bool()> is_gone = {};
};

awaitable<HttpReply> answer_http(Backend& backend, HttpRequest request, HttpGuest guest);

}  // namespace krakken::gate
