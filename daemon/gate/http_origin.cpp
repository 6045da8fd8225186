#include "http_origin.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>

namespace krakken::gate {

std::vector<std::string> host_names(const ListenAddress& listen, bool tls) {
    const std::string address = text_of(listen);
    std::vector<std::string> names{address, fmt::format("localhost:{}", listen.port())};
    if (listen.port() == (tls ? 443 : 80)) {
        names.push_back(address.substr(0, address.rfind(':')));
        names.emplace_back("localhost");
    }
    return names;
}

std::optional<HttpReply> refuse_foreign(const HttpRequest& request, const std::vector<std::string>& hosts) {
    std::optional<HttpReply> refusal;
    // "none": a person has typed it into the address bar.
    const bool by_a_page = request.has_header("Sec-Fetch-Site") && request.header("Sec-Fetch-Site") != "none";
    const auto host = request.header("Host");
    const auto is_it = [&](const std::string& name) { return boost::algorithm::iequals(name, *host); };
    if (by_a_page || request.has_header("Origin")) {
        refusal = text_reply(403, "krakkend answers no web pages");
    } else if (!host || std::ranges::none_of(hosts, is_it)) {
        refusal = text_reply(421, fmt::format("the Host header must be: {}", fmt::join(hosts, " or ")));
    }
    if (refusal) refusal->close = true;
    return refusal;
}

}  // namespace krakken::gate
