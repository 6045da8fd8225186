#pragma once

// A request body as parameters. Form and JSON are both read without changing a digit of any value.

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "tests/exchange/call.hpp"

namespace exchange::front {

struct Body {
    Params params;                     // without nonce and otp
    std::optional<std::string> nonce;  // as written, without quotes
    std::optional<std::string> otp;
};

// nothing = the content type is neither form nor JSON
std::optional<bool> content_type_is_json(std::string_view content_type);

// Errors are for the journal only. A name that occurs twice is an error, except form names that end in [].
std::expected<Body, std::string> parse_form(std::string_view text);
std::expected<Body, std::string> parse_json_body(std::string_view text);

}  // namespace exchange::front
