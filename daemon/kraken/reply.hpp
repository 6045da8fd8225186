#pragma once

// Kraken's answer to one call: split into errors and the untouched bytes of `result`, without building a
// tree.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::kraken {

// What Kraken said. With errors nothing was executed, as far as their texts say so; `result` is one line of
// JSON.
struct Answer {
    std::vector<std::string> errors;    // "E...", and texts of no known form
    std::vector<std::string> warnings;  // "W...", beside a valid result
    std::string result;
};

// Reads an HTTP reply of Kraken's. The error says why it is none, in words fit for a log (never bytes of the
// reply): a proxy's HTML, half a JSON text, an unexpected status. Whether the call was executed is then
// unknown.
std::expected<Answer, std::string> read_reply(
    unsigned status, std::string_view content_type, std::string body
);

}  // namespace krakken::kraken
