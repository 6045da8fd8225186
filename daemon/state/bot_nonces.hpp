#pragma once

// The highest nonces that clients have signed calls with, so that a call that was seen once is known over
// restarts.

#include <string>

namespace krakken::state {

struct BotNonce {
    std::string bot_key;  // the hashed name of the key that the client signs with
    std::string nonce;    // its decimal digits, as they were written
};

}  // namespace krakken::state
