#include "gate/listen_address.hpp"

#include <fmt/format.h>
#include <charconv>
#include <cstdint>
#include <optional>

namespace krakken::gate {

namespace {

using boost::asio::ip::address;

std::optional<std::uint16_t> port_in(std::string_view text) {
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto [behind, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc() || behind != end) return std::nullopt;
    return port;
}

std::optional<address> address_in(std::string_view text) {
    boost::system::error_code error;
    const bool brackets = text.starts_with('[') && text.ends_with(']');
    if (!brackets) {
        const auto found = boost::asio::ip::make_address_v4(text, error);
        return error ? std::nullopt : std::optional<address>(found);
    }
    const std::string_view inside = text.substr(1, text.size() - 2);
    if (inside.contains('%')) return std::nullopt;  // an interface, too, which nobody can name in a Host
    const auto found = boost::asio::ip::make_address_v6(inside, error);
    return error ? std::nullopt : std::optional<address>(found);
}

}  // namespace

std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const auto found = colon == std::string_view::npos ? std::nullopt : address_in(text.substr(0, colon));
    const auto port = colon == std::string_view::npos ? std::nullopt : port_in(text.substr(colon + 1));
    if (!found || !port)
        return std::unexpected("must be an address in numbers and a port, as 127.0.0.1:8484 or [::1]:8484");
    if (!found->is_loopback())
        return std::unexpected(
            "must be this machine's own address, as 127.0.0.1 or [::1]: krakkend never serves a network"
        );
    return ListenAddress(*found, *port);
}

std::string text_of(const ListenAddress& address) {
    const bool sixth = address.address().is_v6();
    const std::string host = address.address().to_string();
    return fmt::format("{}{}{}:{}", sixth ? "[" : "", host, sixth ? "]" : "", address.port());
}

}  // namespace krakken::gate
