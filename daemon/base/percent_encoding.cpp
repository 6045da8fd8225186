#include "base/percent_encoding.hpp"

#include <boost/url/pct_string_view.hpp>

namespace krakken::base {

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (unreserved.contains(c)) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded += {'%', hex[byte >> 4], hex[byte & 15]};
        }
    }
    return encoded;
}

std::optional<std::string> percent_decoded(std::string_view field) {
    const auto encoded = boost::urls::make_pct_string_view(field);
    if (!encoded) return std::nullopt;
    boost::urls::encoding_opts form;
    form.space_as_plus = true;
    return encoded->decode(form);
}

}  // namespace krakken::base
