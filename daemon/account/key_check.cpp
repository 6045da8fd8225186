#include "key_check.hpp"

#include "protocol/endpoints.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <array>

namespace krakken::account {

namespace {

using protocol::JsonKind;
using protocol::JsonMember;

bool holds(const std::vector<std::string>& list, std::string_view text) {
    return std::ranges::find(list, text) != list.end();
}

// Empty when there is no such list.
std::optional<std::vector<std::string_view>> list_of(
    const std::vector<JsonMember>& members, std::string_view name
) {
    const JsonMember* member = protocol::find(members, name);
    if (!member) return std::nullopt;
    const auto items = protocol::split_array(member->value, protocol::max_reply_depth);
    if (!items) return std::nullopt;
    return *items;
}

void judge_permissions(KeyJudgement& judgement) {
    constexpr auto needed = std::to_array<std::string_view>(
        {"query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades"}
    );
    for (const std::string_view permission : needed) {
        if (holds(judgement.permissions, permission)) continue;
        judgement.warnings.push_back("the key lacks " + protocol::permission_titles(permission));
    }
    if (holds(judgement.permissions, "withdraw-funds")) {
        judgement.warnings.push_back(
            "the key may withdraw funds, which krakkend does not need: take that right away at Kraken"
        );
    }
}

}  // namespace

std::optional<KeyJudgement> judge_key(std::string_view result) {
    const auto members = protocol::split_object(result, protocol::max_reply_depth);
    if (!members) return std::nullopt;
    const auto permissions = list_of(*members, "permissions");
    if (!permissions) return std::nullopt;

    KeyJudgement judgement;
    for (const std::string_view raw : *permissions) {
        if (protocol::kind_of(raw) == JsonKind::string)
            judgement.permissions.push_back(protocol::decode_string(raw));
    }
    judge_permissions(judgement);
    if (const auto* window = protocol::find(*members, "nonceWindow"); window && window->value != "0") {
        judgement.warnings.push_back(
            "the key has a nonce window, under which a late copy of an order can still be accepted: set it "
            "to 0 at Kraken"
        );
    }
    if (const auto addresses = list_of(*members, "ipAllowlist"); !addresses || addresses->empty()) {
        judgement.warnings.push_back(
            "the key works from every address: restrict it to this machine's at Kraken"
        );
    }
    return judgement;
}

}  // namespace krakken::account
