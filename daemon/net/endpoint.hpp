#pragma once

// The one host an Upstream talks to, as its base URL names it.

#include <string>
#include <string_view>

namespace krakken::net {

struct Endpoint {
    std::string host;  // name, or address without brackets
    std::string port;
    bool is_address = false;
    std::string authority;  // what the Host header says: no port where it is 443
};

// https://host[:port] and nothing else: no user, path, query or fragment. Throws std::runtime_error with a
// sentence for the person who wrote the configuration.
Endpoint parse_base_url(std::string_view url);

}  // namespace krakken::net
