#pragma once

// Who sends a request over TCP: any page in a browser on this machine can make it send one, which no client
// of Kraken's resembles.

#include "gate/listen_address.hpp"
#include "http_codec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace krakken::gate {

// What a Host header may say that means this listener; its address first.
std::vector<std::string> host_names(const ListenAddress& listen, bool tls);

// The refusal of what a browser sends for a page (Origin, Sec-Fetch-Site), and of what is addressed to
// another host, as is what a page sends whose own name was made to lead here. Empty: it may be answered.
std::optional<HttpReply> refuse_foreign(const HttpRequest& request, const std::vector<std::string>& hosts);

}  // namespace krakken::gate
