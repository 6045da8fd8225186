#pragma once

// What is served over HTTP, by path.

#include "gate/backend.hpp"
#include "gate/peer.hpp"
#include "handlers.hpp"
#include "http_codec.hpp"

namespace krakken::gate {

// By which a client came in. Of one that came by TCP nobody knows who it is, its user neither.
enum class Door { unix_socket, tcp };

// Who asks; all of it must outlive the answer.
struct HttpGuest {
    const Peer& peer;
    const base::Caller& caller;
    const bool& draining;  // nothing new is begun any more
    Door door = Door::unix_socket;
    std::function<bool()> is_gone = {};
};

awaitable<HttpReply> answer_http(Backend& backend, HttpRequest request, HttpGuest guest);

}  // namespace krakken::gate
