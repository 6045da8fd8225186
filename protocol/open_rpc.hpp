#pragma once

// What `rpc.discover` answers: the OpenRPC document of one socket, made from the tables of methods and
// errors.

#include "protocol/methods.hpp"

#include <string>

namespace krakken::protocol {

// One line of JSON.
std::string open_rpc(SocketKind socket);

}  // namespace krakken::protocol
