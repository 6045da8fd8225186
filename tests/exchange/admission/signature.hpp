#pragma once

// API-Sign: base64( HMAC-SHA512( secret, path || SHA256( nonce || body ) ) ).

#include <optional>
#include <string>
#include <string_view>

namespace exchange::front {

// The raw bytes of a base64 text (standard alphabet, padded); nothing if it is anything else or empty.
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

// `secret` is the decoded secret, `path` starts at /0/private.
std::string sign(
    std::string_view secret, std::string_view path, std::string_view nonce, std::string_view body
);

// Compares in a time that does not depend on where the two differ.
bool same_signature(std::string_view left, std::string_view right);

}  // namespace exchange::front
