#pragma once

// Text as a field of a form or a query. Encodes everything but the unreserved characters of RFC 3986: the "+"
// of a relative price must travel as %2B.

#include <optional>
#include <string>
#include <string_view>

namespace krakken::base {

std::string percent_encoded(std::string_view text);

// A field of a form or a query as text; a plus is a space. Empty: a percent sign without two hexadecimal
// digits.
std::optional<std::string> percent_decoded(std::string_view field);

}  // namespace krakken::base
