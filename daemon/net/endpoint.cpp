#include "endpoint.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <stdexcept>
#include <system_error>

namespace krakken::net {

namespace {

constexpr std::string_view scheme = "https://";
constexpr std::string_view default_port = "443";
constexpr std::size_t max_host_name = 253;  // RFC 1035, without the root's dot

[[noreturn]] void refuse(std::string_view url, const std::string& why) {
    // A URL with user and password must not get into a log by way of this sentence.
    const bool may_hold_password = url.find('@') != std::string_view::npos;
    const std::string shown = may_hold_password ? "" : " \"" + std::string(url) + "\"";
    throw std::runtime_error(
        "the base URL" + shown + " " + why + "; it must be https://host or https://host:port"
    );
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool is_address_character(char c) {
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

bool is_port(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= 65535;
}

bool is_ip_address(const std::string& text) {
    boost::system::error_code error;
    boost::asio::ip::make_address(text, error);
    return !error;
}

// The length of "[...]", or of a name: the part before a port.
std::size_t host_length(std::string_view rest) {
    const char last = rest.starts_with('[') ? ']' : ':';
    const std::size_t found = rest.find(last);
    if (found == std::string_view::npos) return rest.size();
    return last == ']' ? found + 1 : found;
}

}  // namespace

Endpoint parse_base_url(std::string_view url) {
    if (!url.starts_with(scheme)) refuse(url, "does not begin with https://");
    const std::string_view rest = url.substr(scheme.size());
    if (rest.find_first_of("/?#@") != std::string_view::npos) {
        refuse(url, "has more than a host and a port");
    }
    const std::string_view host_text = rest.substr(0, host_length(rest));
    const std::string_view after = rest.substr(host_text.size());
    const bool bracketed = host_text.starts_with('[') && host_text.ends_with(']');

    Endpoint endpoint;
    endpoint.host = bracketed ? host_text.substr(1, host_text.size() - 2) : host_text;
    endpoint.is_address = is_ip_address(endpoint.host);
    const bool plain = bracketed
                           ? endpoint.is_address && std::ranges::all_of(endpoint.host, is_address_character)
                           : std::ranges::all_of(endpoint.host, is_host_character);
    if (endpoint.host.empty() || endpoint.host.size() > max_host_name || !plain)
        refuse(url, "has no usable host");
    if (!after.empty() && (after.front() != ':' || !is_port(after.substr(1))))
        refuse(url, "has no usable port");

    endpoint.port = after.empty() ? default_port : after.substr(1);
    endpoint.authority = host_text;
    if (endpoint.port != default_port) endpoint.authority += ":" + endpoint.port;
    return endpoint;
}

}  // namespace krakken::net
