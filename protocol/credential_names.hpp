#pragma once

// The names of the environment variables that hold an account's API key and secret, the same where krakkend
// takes them and where krakkenctl reads a file of them: KRAKEN_API_KEY, KRAKEN_MASTER_API_KEY and
// KRAKEN_USER_<NAME>_API_KEY, each with its ..._API_SECRET.

#include <optional>
#include <string>
#include <string_view>

namespace krakken::protocol {

enum class CredentialField { api_key, api_secret };

struct CredentialName {
    std::string stem;  // the name before its ending: KRAKEN_USER_ALICE_
    CredentialField field = CredentialField::api_key;

    // Of this variable, or of the other one of its pair.
    std::string text() const { return text(field); }
    std::string text(CredentialField which) const;

    bool is_users() const;  // false: it is of account master, which has two stems
    // The name that it gives an account; it may be no account's name: empty, or too long.
    std::string account() const;

    // The two stems of account master.
    static constexpr std::string_view only_stem = "KRAKEN_";
    static constexpr std::string_view master_stem = "KRAKEN_MASTER_";
};

// Empty: a variable that means something else.
std::optional<CredentialName> parse_credential_name(std::string_view name);

}  // namespace krakken::protocol
