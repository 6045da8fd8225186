#include "policy.hpp"

#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace krakken::gate {

namespace {

using protocol::Effect;
using protocol::Error;
using protocol::ErrorCode;
using protocol::JsonKind;

Error switched_off(const protocol::Endpoint& endpoint, std::string_view what, std::string_view capability) {
    return protocol::make_error(
               ErrorCode::forbidden,
               fmt::format(
                   "{} asks for {}, which is switched off here; nothing was sent", endpoint.name, what
               )
    )
        .with("rule", boost::json::string(fmt::format("capability:{}", capability)))
        .with_remedy(fmt::format(
            "do without, or set {} = true under [capabilities] in config.toml and reload krakkend (SIGHUP)",
            capability
        ));
}

// Small letters alone, so that "Reduce_Only", "close[reduce_only]" and "orders[0][reduce-only]" are seen to
// speak of the same.
std::string letters_of(std::string_view text) {
    std::string letters;
    for (const char c : text) {
        if (c >= 'a' && c <= 'z') letters += c;
        if (c >= 'A' && c <= 'Z') letters += static_cast<char>(c - 'A' + 'a');
    }
    return letters;
}

bool names_margin(std::string_view text) {
    constexpr auto words = std::to_array<std::string_view>({"leverage", "reduceonly", "margin"});
    const std::string letters = letters_of(text);
    return std::ranges::any_of(words, [&letters](std::string_view word) { return letters.contains(word); });
}

bool settles(std::string_view text) {
    return letters_of(text).contains("settleposition");
}

// What a value is about, by the names that lead to it.
enum class About {
    anything,
    order_type,
    orders,  // whole orders, or an order's conditional close
};

About about(std::string_view name, About outer) {
    const std::string letters = letters_of(name);
    if (letters.contains("ordertype")) return About::order_type;
    return letters == "orders" || letters == "close" ? About::orders : outer;
}

bool wants_margin(std::string_view raw, About about);

bool wants_margin(std::string_view name, std::string_view raw, About outer) {
    if (names_margin(name) && !kraken::is_off(raw)) return true;
    return wants_margin(raw, about(name, outer));
}

bool object_wants_margin(const std::vector<protocol::JsonMember>& members, About about) {
    return std::ranges::any_of(members, [about](const protocol::JsonMember& member) {
        return wants_margin(member.name, member.value, about);
    });
}

bool array_wants_margin(const std::vector<std::string_view>& items, About about) {
    return std::ranges::any_of(items, [about](std::string_view item) { return wants_margin(item, about); });
}

// A string may hold JSON itself, which Kraken might take apart; what only looks like it is judged by its
// words.
bool text_wants_margin(const std::string& text, About about) {
    if (about == About::order_type && settles(text)) return true;
    const auto first = text.find_first_not_of(" \t\r\n");
    const bool structured = first != std::string::npos && (text[first] == '[' || text[first] == '{');
    if (!structured) return about == About::orders && names_margin(text);
    const auto json =
        protocol::check_json(text, protocol::max_request_depth, protocol::Duplicates::refused_everywhere);
    return json ? wants_margin(*json, about) : names_margin(text) || settles(text);
}

bool wants_margin(std::string_view raw, About about) {
    switch (protocol::kind_of(raw)) {
        case JsonKind::object:
            return object_wants_margin(*protocol::split_object(raw, protocol::max_request_depth), about);
        case JsonKind::array:
            return array_wants_margin(*protocol::split_array(raw, protocol::max_request_depth), about);
        case JsonKind::string:
            return text_wants_margin(protocol::decode_string(raw), about);
        default:
            return false;
    }
}

bool wants_margin(const kraken::Parameters& parameters) {
    return std::ranges::any_of(parameters.fields(), [](const kraken::Parameters::Field& field) {
        return wants_margin(field.name, field.raw, About::anything);
    });
}

}  // namespace

protocol::Result<void> may_call(
    const protocol::Endpoint& endpoint, const kraken::Parameters& parameters, const Profile& profile
) {
    if (endpoint.right == protocol::Right::earn && !profile.supports_staking)
        return std::unexpected(switched_off(endpoint, "earn and staking", "supports_staking"));
    // Spot REST reaches futures only by moving funds there.
    if (endpoint.name == "WalletTransfer" && !profile.supports_futures)
        return std::unexpected(switched_off(endpoint, "futures", "supports_futures"));
    if (endpoint.effect == Effect::place && !profile.supports_margin && wants_margin(parameters)) {
        return std::unexpected(
            switched_off(endpoint, "margin (leverage, reduce_only or settle-position)", "supports_margin")
        );
    }
    return {};
}

}  // namespace krakken::gate
