#pragma once

// How an API key gets from a person to the daemon; for `account add`, `add-key`, `import`, `replace-key` and
// `setup`.

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

#include "client/client.hpp"
#include "secrets.hpp"

namespace krakken::ctl {

// What is said before a key is used for the first time.
std::string key_notice();

struct AccountEntry {
    std::string name;
    std::string tier;                // empty: the daemon's default
    std::string replaces;            // a key's hashed name; empty: the only one, or none
    std::string save = "validated";  // or "unvalidated", "anyway"
    client::SecretText api_key;
    client::SecretText api_secret;
    client::SecretText otp;  // empty: none
};

// How new accounts are saved: the options --tier, --save and --otp.
struct SaveOptions {
    std::string tier;
    std::string save = "validated";
    bool with_otp = false;
};
void add_save_options(CLI::App& command, SaveOptions& options);

// Asks for key and secret, and the key's one-time password.
AccountEntry read_key(SecretReader& reader, bool with_otp);

// Has the daemon validate the key at Kraken and save it; the method's result.
client::Outcome<std::string> add_account(client::Client& daemon, const AccountEntry& entry);
client::Outcome<std::string> add_key(client::Client& daemon, const AccountEntry& entry);
client::Outcome<std::string> replace_key(client::Client& daemon, const AccountEntry& entry);

// The key's one-time password alone.
client::SecretText read_otp(SecretReader& reader);

// Whether the key could not be validated because Kraken could not be asked, and may be saved all the same.
bool can_save_unvalidated(const client::Failure& failure);
inline constexpr std::string_view unvalidated_hint =
    "Kraken could not be asked. To save the key all the same: --save unvalidated\n";

}  // namespace krakken::ctl
