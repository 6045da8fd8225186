#pragma once

// The names of accounts, and what foreign names become, the same for daemon and clients.

#include <string>
#include <string_view>

namespace krakken::protocol {

// [a-z0-9_-]{1,64}
bool is_account_name(std::string_view text);

// What a foreign name (a part of an environment variable's or of an old nonce file's) stands for:
// lower-cased, and each character outside the set becomes '_'. It may be no account's name: empty, or too
// long.
std::string folded_account_name(std::string_view text);

}  // namespace krakken::protocol
