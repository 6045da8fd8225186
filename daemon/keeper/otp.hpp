#pragma once

// One-time passwords: TOTP (RFC 6238 with SHA-1, 6 digits, 30 s, as authenticator apps and Kraken use it),
// and putting a password into a request body.

#include "base/protected_memory.hpp"
#include "base/types.hpp"
#include "keeper/keeper.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace krakken::keeper {

inline constexpr std::chrono::seconds totp_period{30};

// The number of the 30-second window that `time` lies in.
std::int64_t totp_window(base::Time time);
std::string totp_code(std::span<const unsigned char> seed, std::int64_t window);

// A seed as authenticator apps show it: RFC 4648 base32, either case, spaces between groups, padding
// optional.
std::optional<base::SecretBytes> decode_totp_seed(std::string_view base32);

// The body with the password as its last field: &otp=... of a form, ,"otp":"..." of a JSON object that holds
// a nonce already. internal error if a JSON body does not end in '}'.
protocol::Result<std::string> body_with_otp(std::string body, BodyForm form, std::string_view otp);

}  // namespace krakken::keeper
