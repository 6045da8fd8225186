#include "key_check.hpp"

#include "protocol/endpoints.hpp"
#include "protocol/json_text.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>

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

// Empty when there is no such text.
std::string text_of(const std::vector<JsonMember>& members, std::string_view name) {
    const JsonMember* member = protocol::find(members, name);
    if (!member || protocol::kind_of(member->value) != JsonKind::string) return "";
    return protocol::decode_string(member->value);
}

// Kraken writes these numbers as text; zero stands for "none". Empty: not there, or not a number.
std::optional<std::uint64_t> number_of(const std::vector<JsonMember>& members, std::string_view name) {
    const JsonMember* member = protocol::find(members, name);
    if (!member) return std::nullopt;
    const bool quoted = protocol::kind_of(member->value) == JsonKind::string;
    const std::string digits = quoted ? protocol::decode_string(member->value) : std::string(member->value);
    std::uint64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, problem] = std::from_chars(digits.data(), end, number);
    if (problem != std::errc() || stopped != end) return std::nullopt;
    return number;
}

// A moment of Kraken's, in seconds; empty where there is none, or none that a clock of ours can hold.
std::optional<base::Time> moment_of(const std::vector<JsonMember>& members, std::string_view name) {
    constexpr std::uint64_t year_9999 = 253'402'300'799;
    const auto seconds = number_of(members, name);
    if (!seconds || *seconds == 0 || *seconds > year_9999) return std::nullopt;
    return base::Time(std::chrono::seconds(*seconds));
}

void judge_times(KeyJudgement& judgement, const std::vector<JsonMember>& members, base::Time now) {
    if (const auto end = moment_of(members, "validUntil")) {
        constexpr std::chrono::days near{30};
        judgement.warnings.push_back(
            (*end - now < near ? "the key expires soon, at " : "the key expires at ") + base::rfc3339(*end) +
            ": make a new one at Kraken before that"
        );
    }
    const auto from = moment_of(members, "queryFrom");
    const auto to = moment_of(members, "queryTo");
    if (!from && !to) return;
    std::string range = "the key sees only data";
    if (from) range += " from " + base::rfc3339(*from);
    if (to) range += " to " + base::rfc3339(*to);
    judgement.warnings.push_back(range + ": take that restriction away at Kraken");
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

std::optional<KeyJudgement> judge_key(std::string_view result, base::Time now, std::uint64_t last_nonce) {
    const auto members = protocol::split_object(result, protocol::max_reply_depth);
    if (!members) return std::nullopt;
    const auto permissions = list_of(*members, "permissions");
    if (!permissions) return std::nullopt;

    KeyJudgement judgement;
    judgement.account_number = text_of(*members, "iban");
    judgement.name = text_of(*members, "apiKeyName");
    for (const std::string_view raw : *permissions) {
        if (protocol::kind_of(raw) == JsonKind::string)
            judgement.permissions.push_back(protocol::decode_string(raw));
    }
    judge_permissions(judgement);
    if (protocol::find(*members, "nonceWindow") && number_of(*members, "nonceWindow") != 0) {
        judgement.warnings.push_back(
            "the key has a nonce window, under which a late copy of an order can still be accepted: set it "
            "to 0 at Kraken"
        );
    }
    // Kraken tells the highest nonce that it has accepted. The sequence does not jump above a stranger's:
    // that cures nothing while the other program goes on, and this call was accepted.
    if (number_of(*members, "nonce").value_or(0) > last_nonce) {
        judgement.warnings.push_back(
            "another program uses this API key, its nonces are ahead of krakkend's: stop it, or make a "
            "new key for krakkend alone"
        );
    }
    judge_times(judgement, *members, now);
    if (const auto addresses = list_of(*members, "ipAllowlist"); !addresses || addresses->empty()) {
        judgement.warnings.push_back(
            "the key works from every address: restrict it to this machine's at Kraken"
        );
    }
    return judgement;
}

}  // namespace krakken::account
