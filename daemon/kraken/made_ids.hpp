#pragma once

#include <string>
#include <string_view>

namespace krakken::kraken {

// Kraken's ids of what a call has made or changed (orders, amendments, movements of funds), as its result
// names them, with commas between them; empty where it names none. What does not look like an id is left out.
std::string made_ids(std::string_view result);

}  // namespace krakken::kraken
