#pragma once

// One value of config.toml: reads a node into its place, or says what the value must be.

#include "account/tagging.hpp"
#include "base/types.hpp"
#include "gate/listen_address.hpp"
#include "keeper/keeper.hpp"

#include <toml++/toml.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace krakken::app {

using Node = const toml::node&;
// What is wrong with a value, e.g. "must be a string"; empty when nothing is.
using Complaint = std::optional<std::string>;

Complaint read_text(Node node, std::string& target);
Complaint read_flag(Node node, bool& target);
Complaint read_number(Node node, std::int64_t& target, std::int64_t least, std::int64_t most);
Complaint read_milliseconds(Node node, std::chrono::milliseconds& target);  // 1 ms to 10 min

template <std::int64_t least, std::int64_t most>
constexpr auto read_within = [](Node node, auto& target) -> Complaint {
    std::int64_t value = 0;
    auto complaint = read_number(node, value, least, most);
    if (!complaint) target = static_cast<std::remove_reference_t<decltype(target)>>(value);
    return complaint;
};

Complaint read_account_name(Node node, std::string& target);  // may be empty: no account is the default
Complaint read_base_url(Node node, std::string& target);
Complaint read_user_agent(Node node, std::string& target);
Complaint read_listen(Node node, std::optional<gate::ListenAddress>& target);  // may be empty: none
Complaint read_kdf(Node node, keeper::KdfCost& target);
Complaint read_rate_model(Node node, std::string& target);
Complaint read_tag(Node node, account::TagChoice& target);
Complaint read_log_level(Node node, std::string& target);
Complaint read_log_format(Node node, std::string& target);
Complaint read_tier(Node node, std::optional<base::Tier>& target);
Complaint read_nonce_unit(Node node, std::optional<base::NonceUnit>& target);  // "auto" is none: found out

}  // namespace krakken::app
