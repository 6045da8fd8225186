#pragma once

// The fuzz targets: plain functions of any bytes, run by libFuzzer for long and by a unit test over the
// corpus each time. A property that does not hold throws.

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace krakken::fuzz {

using Input = std::span<const unsigned char>;

void requests(Input input);       // framing and JSON-RPC on both sockets
void json_text(Input input);      // splitting against Boost.JSON's tree
void replies(Input input);        // Kraken's answers and what their errors mean
void parameters(Input input);     // from a client's params to body and query
void bodies(Input input);         // bodies that clients of Kraken's wrote
void configuration(Input input);  // config.toml

inline std::string_view text_of(Input input) {
    return {reinterpret_cast<const char*>(input.data()), input.size()};
}

inline void require(bool holds, const char* property) {
    if (!holds) throw std::logic_error(property);
}

}  // namespace krakken::fuzz
