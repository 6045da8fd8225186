#pragma once

// Opens a connection and judges who serves it, before a byte is sent.

#include <sys/types.h>

#include <filesystem>
#include <span>

#include "client/failure.hpp"
#include "protocol/descriptor.hpp"

namespace krakken::client {

using protocol::Descriptor;

// Whether a server of uid `server` at a socket in a folder of uid `folder_owner` may be told a secret by
// `own`.
bool is_trusted(uid_t server, uid_t own, uid_t folder_owner);

struct Connected {
    Descriptor descriptor;  // non-blocking
    std::filesystem::path socket;
};

// Tries the sockets in turn until a server answers; a server that is not trusted ends the search. Never
// waits. `no_daemon` with retryable set: the server is there but its queue of new connections is full, try
// again in a moment.
Outcome<Connected> connect_any(std::span<const std::filesystem::path> sockets);

}  // namespace krakken::client
