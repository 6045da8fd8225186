#include "setting_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>

namespace krakken::app {

Complaint read_text(Node node, std::string& target) {
    if (!node.is_string()) return "must be a string";
    target = node.as_string()->get();
    return std::nullopt;
}

Complaint read_flag(Node node, bool& target) {
    if (!node.is_boolean()) return "must be true or false";
    target = node.as_boolean()->get();
    return std::nullopt;
}

namespace {

// One of a few words; `words` is shown as it stands.
Complaint read_choice(Node node, std::string& target, std::initializer_list<std::string_view> words) {
    std::string value;
    if (auto complaint = read_text(node, value)) return complaint;
    if (std::ranges::find(words, value) == words.end())
        return fmt::format("must be one of: {}", fmt::join(words, ", "));
    target = value;
    return std::nullopt;
}

}  // namespace

Complaint read_number(Node node, std::int64_t& target, std::int64_t least, std::int64_t most) {
    const auto complaint = fmt::format("must be a whole number from {} to {}", least, most);
    if (!node.is_integer()) return complaint;
    const std::int64_t value = node.as_integer()->get();
    if (value < least || value > most) return complaint;
    target = value;
    return std::nullopt;
}

Complaint read_milliseconds(Node node, std::chrono::milliseconds& target) {
    std::int64_t value = 0;
    auto complaint = read_number(node, value, 1, 600'000);
    if (!complaint) target = std::chrono::milliseconds(value);
    return complaint;
}

Complaint read_kdf(Node node, keeper::KdfCost& target) {
    std::string word;
    if (auto complaint = read_choice(node, word, {"interactive", "moderate", "sensitive"})) return complaint;
    target = word == "interactive" ? keeper::KdfCost::interactive
             : word == "moderate"  ? keeper::KdfCost::moderate
                                   : keeper::KdfCost::sensitive;
    return std::nullopt;
}

// May be empty: no account is the default.
Complaint read_account_name(Node node, std::string& target) {
    if (auto complaint = read_text(node, target)) return complaint;
    if (target.empty() || base::AccountName::parse(target)) return std::nullopt;
    return "must be 1 to 64 characters of a-z, 0-9, _ and -";
}

Complaint read_base_url(Node node, std::string& target) {
    if (auto complaint = read_text(node, target)) return complaint;
    if (!target.starts_with("https://")) return "must begin with https://";
    if (target.size() == 8) return "must name a host";
    if (target.find_first_of("/?#", 8) != std::string::npos)
        return "must end after host and port, without path or query";
    return std::nullopt;
}

// What would break out of its header.
Complaint read_user_agent(Node node, std::string& target) {
    if (auto complaint = read_text(node, target)) return complaint;
    if (std::ranges::none_of(target, [](unsigned char c) { return c < ' ' || c == 0x7f; }))
        return std::nullopt;
    return "must not have line breaks or other control characters";
}

Complaint read_listen(Node node, std::optional<gate::ListenAddress>& target) {
    std::string text;
    if (auto complaint = read_text(node, text)) return complaint;
    target = std::nullopt;
    if (text.empty()) return std::nullopt;
    auto address = gate::parse_listen_address(text);
    if (!address) return std::move(address.error());
    target = *address;
    return std::nullopt;
}

Complaint read_rate_model(Node node, std::string& target) {
    return read_choice(node, target, {"kraken", "off"});
}

Complaint read_tag(Node node, account::TagChoice& target) {
    std::string word;
    if (auto complaint = read_choice(node, word, {"userref", "cl_ord_id", "none"})) return complaint;
    target = word == "userref"     ? account::TagChoice::userref
             : word == "cl_ord_id" ? account::TagChoice::cl_ord_id
                                   : account::TagChoice::none;
    return std::nullopt;
}

Complaint read_log_level(Node node, std::string& target) {
    return read_choice(node, target, {"trace", "debug", "info", "warn", "error"});
}

Complaint read_log_format(Node node, std::string& target) {
    return read_choice(node, target, {"text", "json"});
}

Complaint read_tier(Node node, std::optional<base::Tier>& target) {
    std::string word;
    if (auto complaint = read_choice(node, word, {"starter", "intermediate", "pro"})) return complaint;
    target = base::parse_tier(word);
    return std::nullopt;
}

// "auto" is none: it is found out.
Complaint read_nonce_unit(Node node, std::optional<base::NonceUnit>& target) {
    std::string word;
    if (auto complaint = read_choice(node, word, {"auto", "us", "10ns", "ns"})) return complaint;
    target = base::parse_nonce_unit(word);
    return std::nullopt;
}

}  // namespace krakken::app
