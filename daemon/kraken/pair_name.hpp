#pragma once

// One name for one asset pair, however it was written.

#include <string>
#include <string_view>

namespace krakken::kraken {

// Kraken knows a pair by its id, its short name, its slash form and everyday names of assets ("XXBTZUSD",
// "XBTUSD", "XBT/USD", "BTC/USD"); all become the short name, in upper case. What is no known pair comes back
// in upper case, without slash. Two names of one pair become equal; it is not for calls to Kraken.
std::string canonical_pair(std::string_view name);

// The same of one asset: "BTC" becomes "XBT".
std::string canonical_asset(std::string_view name);

}  // namespace krakken::kraken
