#include "tests/exchange/admission/keys.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "tests/exchange/admission/endpoints.hpp"

namespace exchange::front {

namespace {

namespace ip = boost::asio::ip;

constexpr std::array<std::string_view, 3> tiers{"starter", "intermediate", "pro"};

// nothing = neither an address nor a network
std::optional<bool> matches(const std::string& range, const ip::address& address) {
    boost::system::error_code error;
    if (const auto single = ip::make_address(range, error); !error) return single == address;
    if (const auto network = ip::make_network_v4(range, error); !error) {
        return address.is_v4() &&
               ip::network_v4(address.to_v4(), network.prefix_length()).canonical() == network.canonical();
    }
    if (const auto network = ip::make_network_v6(range, error); !error) {
        return address.is_v6() &&
               ip::network_v6(address.to_v6(), network.prefix_length()).canonical() == network.canonical();
    }
    return std::nullopt;
}

}  // namespace

ApiKey* KeyRing::find(const std::string& api_key) {
    const auto found = keys.find(api_key);
    return found == keys.end() ? nullptr : &found->second;
}

std::string problem_with(const ApiKey& key) {
    if (key.api_key.empty()) return "api_key is missing";
    if (key.secret.empty()) return "api_secret is not standard base64 with padding";
    for (const std::string& permission : key.permissions) {
        if (!is_permission(permission)) return "unknown permission " + permission;
    }
    for (const std::string& range : key.ip_allowlist) {
        if (!matches(range, ip::address{})) return "not an address or network: " + range;
    }
    if (key.otp && key.otp->empty()) return "otp is empty";
    return {};
}

bool allows_address(const ApiKey& key, const std::string& address) {
    if (key.ip_allowlist.empty()) return true;
    boost::system::error_code error;
    const ip::address from = ip::make_address(address, error);
    return !error && std::ranges::any_of(key.ip_allowlist, [&](const std::string& range) {
        return matches(range, from).value_or(false);
    });
}

std::optional<Tier> parse_tier(std::string_view name) {
    const auto found = std::ranges::find(tiers, name);
    if (found == tiers.end()) return std::nullopt;
    return static_cast<Tier>(found - tiers.begin());
}

std::string_view tier_name(Tier tier) {
    return tiers[static_cast<std::size_t>(tier)];
}

}  // namespace exchange::front
