#include "net/byte_stream.hpp"

#include <poll.h>

namespace krakken::net {

bool has_hung_up(int socket) {
    pollfd state{.fd = socket, .events = POLLRDHUP, .revents = 0};
    return ::poll(&state, 1, 0) == 1;
}

}  // namespace krakken::net
