#pragma once

// Kraken's API-Sign, over bytes given by the caller.

#include <span>
#include <string>
#include <string_view>

namespace krakken::keeper {

// base64(HMAC-SHA512(secret, path || SHA-256(nonce || body))), Kraken "Spot REST authentication". `nonce` is
// the same decimal text that stands in `body`.
std::string api_sign(
    std::span<const unsigned char> secret,
    std::string_view path,
    std::string_view nonce,
    std::string_view body
);

}  // namespace krakken::keeper
