#pragma once

// The versions that `version` and `status` tell.

#include <string_view>

namespace krakken::protocol {

inline constexpr std::string_view version = KRAKKEN_VERSION;
// Of the contract between daemon and clients; it grows, but what stands in it keeps its meaning.
inline constexpr int protocol_version = 1;

}  // namespace krakken::protocol
