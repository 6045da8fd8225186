#pragma once

// What Kraken tells of a key (GetApiKeyInfo), judged: what is needed, what should be off, what ends soon.

#include "base/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace krakken::account {

struct KeyJudgement {
    std::vector<std::string> permissions;
    std::vector<std::string> warnings;  // sentences for a person
    std::string account_number;         // of the account at Kraken; empty: not told
    std::string name;                   // that its owner gave it at Kraken; empty: not told
};

// `result` is the JSON of GetApiKeyInfo; `last_nonce` the highest that krakkend has used with this key, as of
// the answer. Empty when it has not the expected shape.
std::optional<KeyJudgement> judge_key(std::string_view result, base::Time now, std::uint64_t last_nonce);

}  // namespace krakken::account
